/**
 * What is decided about the spans of a queue's jobs: how an attempt relates to its enqueue, and what
 * its spans say.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import { checkInteger, checkPropagation } from "../job/job_options.ts";
import { randomHex } from "../job/random_hex.ts";
import type { Propagation } from "../job/record.ts";

/** The job that a span is about. */
export interface SpanJob {
  /** Its id. */
  readonly id: string;
  /** The queue it goes to. */
  readonly queueName: string;
  /** What the handler gets. Spans say nothing of it unless `spanAttributes` does. */
  readonly payload?: unknown;
  /** Its business process. */
  readonly correlationId?: string | undefined;
  /** The job that it is a part of; `null` for none, as a new job says it. */
  readonly parentId?: string | null | undefined;
}

/**
 * Changes what a span says: gets the attributes that it is to have and returns those that it gets.
 * The exception of a failed attempt passes through it too, as `exception.type`, `exception.message`
 * and `exception.stacktrace`. When it throws, the span says only what the conventions require.
 */
export type SpanAttributes = (attributes: Attributes, job: SpanJob) => Attributes;

/** How spans are made of jobs. */
export interface SpanRules {
  /** For jobs without a rule of their own. */
  readonly propagation: Propagation;
  /** With `auto`: how long after its enqueue an attempt is still a child of it, in ms. */
  readonly childWithinMs: number;
  /** Changes what spans say, if anything does. */
  readonly spanAttributes: SpanAttributes | undefined;
  /** Tells the queue from others over the same store, if spans are to say it. */
  readonly clientId?: (() => string) | undefined;
}

/** What holds where nothing is said. */
export const defaultSpanRules: SpanRules = {
  propagation: "auto",
  childWithinMs: 15 * 60_000,
  spanAttributes: undefined,
};

/** How spans are made of jobs. A worker's options win over its queue's, a job's own over both. */
export interface SpanRuleOptions {
  /**
   * How an attempt's span relates to the span that enqueued its job: its `child`; the root of a new
   * trace that `link`s to it; `none`; or `auto`, a child when the attempt starts within
   * `childWithinMs`, else a link. Default `auto`. A job that was given a trace id stays in it.
   */
  readonly propagation?: Propagation | undefined;
  /** With `auto`: how long after its enqueue an attempt is a child, in ms. Default 15 minutes. */
  readonly childWithinMs?: number | undefined;
  /**
   * Changes what spans say: takes out what they shall not tell, or adds to it, also from the payload,
   * of which they say nothing by themselves.
   */
  readonly spanAttributes?: SpanAttributes | undefined;
}

/** Checks what is given and fills in the rest. */
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

/** An id of a client, made when it is first asked for: at its start workerd has no random numbers. */
export function newClientId(): () => string {
  let id: string | undefined;
  return () => id ??= `hammerwork-${randomHex(8)}`;
}
