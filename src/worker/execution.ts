/**
 * One attempt: the span starts, the handler runs inside it, the span ends with the outcome.
 *
 * @module
 */
import type { Span } from "@opentelemetry/api";
import {
  JobCancelledError,
  JobTimeoutError,
  LeaseLostError,
  WorkerStoppedError,
} from "../job/errors.ts";
import { toJson } from "../job/json.ts";
import { toJob } from "../job/from_record.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import { toJobError } from "../job/thrown.ts";
import type { JobContext } from "./handler.ts";
import { type AttemptEnd, releasedEnd } from "./settle.ts";
import { traceEndsOf } from "../store/rules.ts";
import type { ClaimedJob, LeaseState } from "../store/store.ts";
import { runInContext } from "../trace/active_context.ts";
import { type AttemptSpan, startAttemptSpan } from "../trace/job_span.ts";
import { type JobScope, jobScope, runInScope } from "../trace/scope.ts";
import type { WorkerSettings } from "./options.ts";

/** How an attempt went. */
export interface AttemptResult {
  /** How it ended. */
  readonly end: AttemptEnd;
  /** How long it took, in ms. */
  readonly runMs: number;
  /** The `traceparent` of its span, if the span was recorded. */
  readonly traceparent: string | undefined;
}

/** What an attempt calls. */
export interface ExecutionCallbacks {
  /** Called once when the attempt is over, or is not to begin. */
  readonly onEnd: (execution: Execution, result: AttemptResult) => void;
  /** Waits until all attempts are recorded that are over by now. */
  readonly recorded: () => Promise<void>;
  /** Called with jobs that the handler enqueued and that were cancelled as they were stored. */
  readonly onCancelled: (jobs: readonly JobRecord[]) => void;
}

/** One attempt. It ends once: with its handler, or before that when it is aborted. */
export class Execution {
  /** The job that is attempted. */
  readonly job: ClaimedJob;
  /** The worker that attempts it. */
  readonly settings: WorkerSettings;
  /** Until when the lease surely holds, by `performance.now()`. */
  leasedUntil: number;
  /** Whether it was run. */
  hasBegun: boolean = false;
  readonly #callbacks: ExecutionCallbacks;
  readonly #controller = new AbortController();
  // While it runs.
  #span: AttemptSpan | undefined;
  #startedAt = 0;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    job: ClaimedJob,
    settings: WorkerSettings,
    leasedUntil: number,
    callbacks: ExecutionCallbacks,
  ) {
    this.job = job;
    this.settings = settings;
    this.leasedUntil = leasedUntil;
    this.#callbacks = callbacks;
  }

  /** Starts the span and runs the handler to its end. Never rejects. */
  async run(): Promise<void> {
    const { job, settings } = this;
    this.hasBegun = true;
    this.#span = startAttemptSpan(job, settings.spanRules, () => toJob(job).payload);
    this.#startedAt = performance.now();
    this.#startTimeout(job.timeoutMs ?? settings.timeoutMs);
    let returned: unknown;
    try {
      returned = await this.#callHandler(this.#span);
    } catch (error) {
      return this.#end({ outcome: "failed", error });
    }
    this.#end({ outcome: "completed", result: resultText(returned, job, settings) });
  }

  /** Ends it, whether or not the handler listens. */
  abort(error: Error): void {
    this.#controller.abort(error);
    this.#end(endOf(error, this));
  }

  /** What the store said of its lease, asked at a time by `performance.now()`. */
  applyLeaseState(state: LeaseState, askedAt: number): void {
    const { leaseMs } = this.settings;
    switch (state) {
      case "held":
        this.leasedUntil = askedAt + leaseMs;
        return;
      case "cancelled":
        return this.abort(new JobCancelledError("The job was cancelled while it ran"));
      case "lost":
        return this.abort(
          new LeaseLostError(`The lease of ${leaseMs} ms ran out before it was extended`),
        );
    }
  }

  #startTimeout(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const error = new JobTimeoutError(`The attempt took longer than ${timeoutMs} ms`);
    this.#timer = setTimeout(() => this.abort(error), timeoutMs);
  }

  /** Calls the handler as a part of its job, inside the attempt's span. */
  #callHandler({ span, context, traceId }: AttemptSpan): unknown {
    const { job, settings } = this;
    const { recorded, onCancelled } = this.#callbacks;
    const { id, queueName, correlationId, baggage } = job;
    const scope = { jobId: id, queueName, traceId, correlationId, baggage, span, onCancelled };
    const ctx = new AttemptContext(job, settings, scope, this.#controller.signal, recorded);
    const call = () => runInScope(scope, () => settings.handler(toJob(job), ctx));
    return context === undefined ? call() : runInContext(context, call);
  }

  #end(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const runMs = this.hasBegun ? performance.now() - this.#startedAt : 0;
    const traceparent = this.#span?.end(end.outcome, errorOf(end));
    this.#callbacks.onEnd(this, { end, runMs, traceparent });
  }
}

/**
 * The context of a handler. What few handlers ask for is made when it is asked for: made for each job
 * it would cost more than the rest of a trivial attempt.
 */
class AttemptContext implements JobContext {
  readonly [jobScope]: JobScope;
  readonly signal: AbortSignal;
  readonly span: Span;
  readonly #job: ClaimedJob;
  readonly #settings: WorkerSettings;
  readonly #recorded: () => Promise<void>;

  constructor(
    job: ClaimedJob,
    settings: WorkerSettings,
    scope: JobScope,
    signal: AbortSignal,
    recorded: () => Promise<void>,
  ) {
    this[jobScope] = scope;
    this.signal = signal;
    this.span = scope.span;
    this.#job = job;
    this.#settings = settings;
    this.#recorded = recorded;
  }

  get enqueue(): JobContext["enqueue"] {
    return this.#settings.source.enqueueFrom(this[jobScope]);
  }

  get isFinalJobInTrace(): () => Promise<boolean> {
    return () => this.#isFinal();
  }

  /** A late attempt runs in a trace of its own, to which the jobs belong that it enqueues. */
  async #isFinal(): Promise<boolean> {
    const { id, traceId } = this.#job;
    const traceEnds = traceEndsOf(this.#settings.source.store, "ctx.isFinalJobInTrace()");
    const ownTraceId = this[jobScope].traceId;
    // Jobs that are over here and not recorded yet would count as unfinished.
    await this.#recorded();
    const hasOthers = (traceId: string) => traceEnds.hasUnfinished({ traceId, exceptJobId: id });
    if (await hasOthers(traceId)) return false;
    return ownTraceId === traceId || !await hasOthers(ownTraceId);
  }
}

/** The work is done, so a result that cannot be kept is reported and left out, never run again. */
function resultText(
  returned: unknown,
  { queueName, id }: ClaimedJob,
  { source, onError }: WorkerSettings,
): string | undefined {
  if (returned === undefined) return undefined;
  try {
    return toJson(returned, `The result of ${queueName} ${id}`, source.maxPayloadBytes);
  } catch (error) {
    onError(error);
    return undefined;
  }
}

function endOf(error: unknown, { job, settings }: Execution): AttemptEnd {
  if (error instanceof JobTimeoutError) return { outcome: "timed_out", error };
  if (error instanceof WorkerStoppedError) return releasedEnd(job.releases, settings.maxReleases);
  if (error instanceof JobCancelledError) return { outcome: "cancelled", error };
  return { outcome: "lease_expired", error };
}

function errorOf(end: AttemptEnd): JobError | undefined {
  return "error" in end ? toJobError(end.error) : undefined;
}
