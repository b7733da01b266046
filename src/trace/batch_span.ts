/**
 * The span of a call that enqueues several jobs, above the spans that create them.
 *
 * @module
 */
import { type Context, type Link, type Span, SpanKind, type Tracer } from "@opentelemetry/api";
import type { JobError } from "../job/record.ts";
import { operationAttributes, setFailure } from "./attributes.ts";
import type { SpanRules } from "./rules.ts";
import { asParent, type Origin, type Parent, startSpan } from "./start_span.ts";
import { ignoreErrors } from "./tracer.ts";

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
    // The span names a queue only if all jobs go to the same one.
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

  /** The parent of the `create` spans. */
  get asParent(): Parent {
    return asParent(this.#span);
  }

  /**
   * The end time that all spans of the batch get, in ms since 1970; `undefined` leaves it to the SDK.
   * The SDK rounds each span's start to a millisecond and measures its end from there, so a `create`
   * span would often seem to end after the `send` span above it. No start is later than the later of
   * both clocks. Where the clocks have drifted apart, the SDK's own times are better.
   */
  endTime(): number | undefined {
    const now = Date.now();
    const precise = performance.timeOrigin + performance.now();
    return Math.abs(precise - now) < CLOCKS_AGREE_MS ? Math.max(now, precise) : undefined;
  }

  /** Links to the `create` spans, each with the id that its job is stored under. */
  link(created: readonly Span[], messageIds: readonly string[]): void {
    ignoreErrors(() => {
      if (!this.#span.isRecording()) return;
      this.#span.addLinks(created.map((span, i): Link => ({
        context: span.spanContext(),
        attributes: { "messaging.message.id": messageIds[i]! },
      })));
    });
  }

  /** Records the error because of which no job was stored. */
  fail({ name, message }: JobError): void {
    ignoreErrors(() => setFailure(this.#span, name, message));
  }

  /** Ends it. */
  end(endTime: number | undefined): void {
    ignoreErrors(() => this.#span.end(endTime));
  }
}
