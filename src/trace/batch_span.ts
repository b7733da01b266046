/**
 * The span of a call that enqueues several jobs, above the spans that create them.
 *
 * @module
 */
import { type Context, type Link, type Span, SpanKind, type Tracer } from "@opentelemetry/api";
import type { JobError } from "../job/record.ts";
import { operationAttributes } from "./attributes.ts";
import type { SpanRules } from "./rules.ts";
import { setFailure, shielded } from "./span_end.ts";
import { asParent, type Origin, type Parent, startSpan } from "./tracer.ts";

const CLOCKS_AGREE_MS = 10;

/** The `send` span above the `create` spans of several jobs. */
export class BatchSpan {
  readonly #span: Span;

  /** Starts it. `queueNames` are those of the jobs, one for each. */
  constructor(
    tracer: Tracer,
    queueNames: readonly string[],
    rules: SpanRules,
    above: Origin,
    within: Context,
  ) {
    // The destination stands there only where it is the same for all.
    const [first] = queueNames;
    const queueName = queueNames.every((name) => name === first) ? first : undefined;
    this.#span = startSpan(tracer, above, within, () => ({
      name: queueName === undefined ? "send" : `send ${queueName}`,
      kind: SpanKind.CLIENT,
      attributes: {
        ...operationAttributes("send", queueName),
        "messaging.batch.message_count": queueNames.length,
        ...(rules.clientId && { "messaging.client.id": rules.clientId() }),
      },
    }));
  }

  /** As the parent of `create` spans. */
  get asParent(): Parent {
    return asParent(this.#span);
  }

  /**
   * One end for all its spans, in ms since 1970. Left to itself, the SDK rounds each span's beginning
   * to a millisecond and counts its end from there, so that of two that end one after the other the
   * first would often seem to outlive the second. No beginning is later than the later of both
   * clocks; where these have drifted apart, each span knows best.
   */
  endTime(): number | undefined {
    const now = Date.now();
    const precise = performance.timeOrigin + performance.now();
    return Math.abs(precise - now) < CLOCKS_AGREE_MS ? Math.max(now, precise) : undefined;
  }

  /** Links to the `create` spans, each with the id that its job is stored under. */
  link(created: readonly Span[], messageIds: readonly string[]): void {
    shielded(() => {
      if (!this.#span.isRecording()) return;
      this.#span.addLinks(created.map((span, i): Link => ({
        context: span.spanContext(),
        attributes: { "messaging.message.id": messageIds[i]! },
      })));
    });
  }

  /** Says what kept the jobs from being stored. */
  fail({ name, message }: JobError): void {
    shielded(() => setFailure(this.#span, name, message));
  }

  /** Ends it. */
  end(endTime: number | undefined): void {
    shielded(() => this.#span.end(endTime));
  }
}
