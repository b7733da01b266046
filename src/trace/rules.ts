/**
 * The rules for the spans of a queue's jobs: how an attempt relates to its enqueue, and which
 * attributes its spans have.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import { checkInteger } from "../job/checks.ts";
import { checkPropagation } from "../job/job_options.ts";
import { randomHex } from "../job/ids.ts";
import type { Propagation } from "../job/record.ts";

/** The job that a span is about. */
export interface SpanJob {
  /** Its id. */
  readonly id: string;
  /** Its queue. */
  readonly queueName: string;
  /** Its payload. Spans have nothing of it unless `spanAttributes` adds it. */
  readonly payload?: unknown;
  /** The correlation id of its business process. */
  readonly correlationId?: string | undefined;
  /** Its parent; `null` and `undefined` for none. */
  readonly parentId?: string | null | undefined;
}

/**
 * Changes the attributes of spans: it is called with the attributes of a span and returns those that
 * the span gets. The exception of a failed attempt passes through it too, as `exception.type`,
 * `exception.message` and `exception.stacktrace`. When it throws, the span gets only the attributes
 * that the semantic conventions require.
 */
export type SpanAttributes = (attributes: Attributes, job: SpanJob) => Attributes;

/** The rules for the spans of jobs. */
export interface SpanRules {
  /** For jobs without a propagation of their own. */
  readonly propagation: Propagation;
  /** With `auto`: until how long after its enqueue an attempt is a child of it, in ms. */
  readonly childWithinMs: number;
  /** Changes the attributes of spans. */
  readonly spanAttributes: SpanAttributes | undefined;
  /** The `messaging.client.id` of the queue, if spans are to have one. */
  readonly clientId?: (() => string) | undefined;
  /** The name of the worker, for the spans of its attempts. */
  readonly workerName?: (() => string) | undefined;
}

/** The default rules. */
export const defaultSpanRules: SpanRules = {
  propagation: "auto",
  childWithinMs: 15 * 60_000,
  spanAttributes: undefined,
};

/** Options for the spans of jobs. A worker's win over its queue's, and a job's own over both. */
export interface SpanRuleOptions {
  /**
   * How the span of an attempt relates to the span that enqueued its job: `child`; `link`, the root of
   * a new trace with a link to it; `none`, the root of a new trace without one; or `auto`, a child if
   * the attempt starts within `childWithinMs`, else a link. Default `auto`. A job enqueued with a trace
   * id stays in that trace.
   */
  readonly propagation?: Propagation | undefined;
  /** With `auto`: until how long after its enqueue an attempt is a child, in ms. Default 15 minutes. */
  readonly childWithinMs?: number | undefined;
  /**
   * Changes the attributes of spans: removes what must not be exported, or adds to them, for example
   * from the payload, of which spans have nothing by default.
   */
  readonly spanAttributes?: SpanAttributes | undefined;
}

/** Checks the options, and takes those left out from other rules. */
export function readSpanRules(options: SpanRuleOptions, rest: SpanRules): SpanRules {
  const { propagation, childWithinMs, spanAttributes = rest.spanAttributes } = options;
  if (spanAttributes !== undefined && typeof spanAttributes !== "function") {
    throw new TypeError(`spanAttributes must be a function: got ${typeof spanAttributes}`);
  }
  return {
    propagation: propagation === undefined ? rest.propagation : checkPropagation(propagation),
    childWithinMs: childWithinMs === undefined
      ? rest.childWithinMs
      : checkInteger("childWithinMs", childWithinMs, 0, Number.MAX_SAFE_INTEGER),
    spanAttributes,
    clientId: rest.clientId,
  };
}

/** An id of a client, made at its first use: while a module loads, workerd has no random numbers. */
export function newClientId(): () => string {
  let id: string | undefined;
  return () => id ??= `hammerwork-${randomHex(8)}`;
}
