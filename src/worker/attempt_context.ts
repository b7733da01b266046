/**
 * What a handler gets beside its job. What few handlers ask for is made when it is asked for: made for
 * each job it would cost more than the rest of a trivial attempt.
 *
 * @module
 */
import type { Span } from "@opentelemetry/api";
import type { JobRecord } from "../job/record.ts";
import type { ClaimedJob } from "../store/store.ts";
import { traceEndsOf } from "../store/reasons.ts";
import type { AttemptSpan } from "../trace/attempt.ts";
import { type JobScope, jobScope } from "../trace/scope.ts";
import type { JobContext } from "./handler.ts";
import type { WorkerSettings } from "./options.ts";

/** An attempt that has begun. */
export interface Begun {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  readonly signal: AbortSignal;
  readonly span: AttemptSpan;
  /** Waits until all attempts are recorded that are over by then. */
  readonly recorded: () => Promise<void>;
  /** Hears of jobs that its handler enqueued and that were cancelled as they were stored. */
  readonly onCancelled: (jobs: readonly JobRecord[]) => void;
}

/** What a running job passes on. */
export function scopeOf({ job, span: { span, traceId }, onCancelled }: Begun): JobScope {
  const { id, queueName, correlationId, baggage } = job;
  return { jobId: id, queueName, traceId, correlationId, baggage, span, onCancelled };
}

/** The context of an attempt. */
export function contextOf(begun: Begun, scope: JobScope): JobContext {
  return new AttemptContext(begun, scope);
}

class AttemptContext implements JobContext {
  readonly [jobScope]: JobScope;
  readonly signal: AbortSignal;
  readonly span: Span;
  readonly #begun: Begun;

  constructor(begun: Begun, scope: JobScope) {
    this[jobScope] = scope;
    this.signal = begun.signal;
    this.span = scope.span;
    this.#begun = begun;
  }

  get enqueue(): JobContext["enqueue"] {
    return this.#begun.settings.source.enqueueFrom(this[jobScope]);
  }

  get isFinalJobInTrace(): () => Promise<boolean> {
    return () => isFinal(this.#begun, this[jobScope]);
  }
}

/** A late attempt runs in a trace of its own, to which the jobs belong that it enqueues. */
async function isFinal(
  { job: { id, traceId }, settings: { source: { store } }, recorded }: Begun,
  scope: JobScope,
): Promise<boolean> {
  const traceEnds = traceEndsOf(store, "ctx.isFinalJobInTrace()");
  // Jobs that are over here and not recorded yet would count as unfinished.
  await recorded();
  const hasOthers = (traceId: string) => traceEnds.hasUnfinished({ traceId, exceptJobId: id });
  if (await hasOthers(traceId)) return false;
  return scope.traceId === traceId || !await hasOthers(scope.traceId);
}
