/**
 * The executor of a loop: the attempts that run, each with its span and its handler's context; their
 * leases; and what ends them early.
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
import { toJob } from "../job/from_record.ts";
import { toJson } from "../job/json.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import { toJobError } from "../job/thrown.ts";
import { measureAttempt, measureStart } from "../metrics/measure.ts";
import { cancelledAtOnceEvent, startEvent } from "./events.ts";
import type { FetchedJob } from "./fetcher.ts";
import type { JobContext } from "./handler.ts";
import { callHooks, type HookCalls } from "./hooks.ts";
import { type LeaseHolder, Leases } from "./leases.ts";
import type { WorkerSettings } from "./options.ts";
import type { Recorder } from "./recorder.ts";
import { type Listed, Roster } from "./roster.ts";
import { type AttemptEnd, type AttemptResult, releasedEnd, thrownEnd } from "./settle.ts";
import { traceEndsOf } from "../store/rules.ts";
import type { ClaimedJob, LeaseState, Store } from "../store/store.ts";
import { runAsJob } from "../trace/active_context.ts";
import { type AttemptSpan, startAttemptSpan } from "../trace/job_span.ts";
import { Entrance, type JobScope, jobScope } from "../trace/scope.ts";

/** What the executor of one loop works with. */
export interface ExecutorParts {
  readonly store: Store;
  readonly recorder: Recorder;
  readonly hooks: HookCalls | undefined;
  /** The workers of the loop, by their queues. */
  readonly workers: ReadonlyMap<string, WorkerSettings>;
  /** The jobs that are claimed and have not started: their leases are checked too. */
  readonly fetched: () => readonly FetchedJob[];
  /** Called when attempts are over, with the worker of each, and when that was. */
  readonly onEnd: (ended: readonly WorkerSettings[], now: number) => void;
  /** Called with claimed jobs that were cancelled elsewhere. */
  readonly onCancelled: (jobIds: readonly string[]) => void;
  /** Called with a queue that was found to be paused; `undefined`: all. */
  readonly onPaused: (queueName: string | undefined) => void;
  /** Called with what the store failed with. */
  readonly onError: (error: unknown) => void;
}

/** Runs attempts. */
export class Executor {
  /** The attempts that run, or wait to begin. */
  readonly running: Roster<Execution>;
  /** Their leases. */
  readonly leases: Leases;
  readonly #running = new Roster<Execution>();
  readonly #parts: ExecutorParts;
  readonly #suspects: Suspects;
  readonly #callbacks: ExecutionCallbacks;
  #entrance: Entrance | undefined;
  // Attempts whose handlers have returned since they were last ended.
  #returned: Execution[] = [];

  constructor(parts: ExecutorParts) {
    const { recorder } = parts;
    this.running = this.#running;
    this.leases = new Leases({ ...parts, running: this.#running });
    this.#parts = parts;
    this.#suspects = new Suspects(
      (execution) => this.#run(execution, performance.now()),
      recorder.recorded,
    );
    this.#callbacks = {
      onReturn: (execution) => this.#endSoon(execution),
      onAbort: (execution, end) => this.#aborted(execution, end),
      recorded: recorder.recorded,
      onCancelled: (jobs) => this.#callCancelHooks(jobs),
    };
  }

  /** Attempts may start. Called where they are to start from: outside of any job. */
  open(): void {
    this.#entrance = new Entrance();
    this.leases.start();
  }

  /** Starts an attempt now, by `performance.now()`; that of a suspect once its begin is recorded. */
  start({ job, answer }: FetchedJob, now: number): void {
    const execution = new Execution(job, answer, this.#callbacks);
    this.#running.add(execution);
    if (job.isSuspect) this.#suspects.add(execution);
    else this.#run(execution, now);
    this.leases.keep(execution);
  }

  /** Ends the attempts of these jobs, which were cancelled. */
  cancel(jobIds: readonly string[]): void {
    const cancelled = new Set(jobIds);
    for (const execution of this.#running) {
      if (cancelled.has(execution.job.id)) {
        execution.applyLeaseState("cancelled", performance.now());
      }
    }
  }

  /** Releases the suspects that have not begun, of one queue or of all. */
  releaseSuspects(queueName?: string): void {
    for (const execution of this.#suspects.takeWaiting(queueName)) {
      execution.abort(workerStopped());
    }
  }

  /** Ends every attempt; their jobs are released. */
  releaseAll(): void {
    this.releaseSuspects();
    for (const execution of this.#running) execution.abort(workerStopped());
  }

  #run(execution: Execution, now: number): void {
    const { job, settings } = execution;
    measureStart(job.queueName, job.waitMs + now - execution.claimedAt);
    if (settings.hooks.onJobStart) this.#parts.hooks?.call(settings, () => [startEvent(job)]);
    execution.run(this.#entrance!, now);
  }

  #endSoon(execution: Execution): void {
    if (this.#returned.push(execution) === 1) void this.#endReturned();
  }

  /**
   * Those whose handlers return in one turn end together. They do so after it, or a handler that
   * returns at once would have the next job start inside its own call.
   */
  async #endReturned(): Promise<void> {
    await undefined;
    const returned = this.#returned;
    this.#returned = [];
    const now = performance.now();
    const ended: WorkerSettings[] = [];
    for (const execution of returned) {
      // It may have been aborted meanwhile.
      if (this.#end(execution, execution.returned!, now)) ended.push(execution.settings);
    }
    this.#parts.onEnd(ended, now);
  }

  #aborted(execution: Execution, end: AttemptEnd): void {
    const now = performance.now();
    if (this.#end(execution, end, now)) this.#parts.onEnd([execution.settings], now);
  }

  /** Returns whether it had not ended before. */
  #end(execution: Execution, end: AttemptEnd, now: number): boolean {
    if (!this.#running.remove(execution)) return false;
    const { job, settings } = execution;
    const result = execution.end(end, now);
    if (result.hasBegun) measureAttempt(job.queueName, result.runMs, end);
    this.#parts.recorder.add(job, settings, result);
    if (job.isSuspect) this.#suspects.remove(execution);
    return true;
  }

  /** Not waited for: a handler may go on when its attempt, and even the loop, is over. */
  #callCancelHooks(jobs: readonly JobRecord[]): void {
    for (const job of jobs) {
      const settings = this.#parts.workers.get(job.queueName);
      if (settings?.hooks.onJobCancel === undefined) continue;
      void callHooks(settings, () => [cancelledAtOnceEvent(job)]);
    }
  }
}

/** What an attempt calls. */
interface ExecutionCallbacks {
  /** Called when the handler has returned or thrown. */
  readonly onReturn: (execution: Execution) => void;
  /** Called when it is to end before its handler returns, or is not to begin. */
  readonly onAbort: (execution: Execution, end: AttemptEnd) => void;
  /** Waits until all attempts are recorded that are over by now. */
  readonly recorded: () => Promise<void>;
  /** Called with jobs that the handler enqueued and that were cancelled as they were stored. */
  readonly onCancelled: (jobs: readonly JobRecord[]) => void;
}

/**
 * One attempt: the span starts, the handler runs inside it, the span ends with the outcome. It ends
 * once: with its handler, or before that when it is aborted.
 */
class Execution implements LeaseHolder, Listed {
  /** The job that is attempted. */
  readonly job: ClaimedJob;
  /** The worker that attempts it. */
  readonly settings: WorkerSettings;
  /** When it came from the store, by `performance.now()`. */
  readonly claimedAt: number;
  /** Until when the lease certainly holds, by `performance.now()`. */
  leasedUntil: number;
  /** Whether it was run. */
  hasBegun: boolean = false;
  /** What its handler returned or threw, once it has. */
  returned: AttemptEnd | undefined;
  /** Where it is among those that run. */
  place: number | undefined;
  readonly #callbacks: ExecutionCallbacks;
  #abortedBy: Error | undefined;
  // Made when the signal is read, which few handlers do.
  #controller: AbortController | undefined;
  // While it runs.
  #span: AttemptSpan | undefined;
  #startedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    job: ClaimedJob,
    { settings, answeredAt, leasedUntil }: FetchedJob["answer"],
    callbacks: ExecutionCallbacks,
  ) {
    this.job = job;
    this.settings = settings;
    this.claimedAt = answeredAt;
    this.leasedUntil = leasedUntil;
    this.#callbacks = callbacks;
  }

  /** Its signal, which is aborted with it. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#abortedBy !== undefined) this.#controller.abort(this.#abortedBy);
    }
    return this.#controller.signal;
  }

  /** Waits until all attempts are recorded that are over by now. */
  get recorded(): () => Promise<void> {
    return this.#callbacks.recorded;
  }

  /** Starts the span and calls the handler, now by `performance.now()`. */
  run(entrance: Entrance, now: number): void {
    const { job, settings } = this;
    this.hasBegun = true;
    this.#span = startAttemptSpan(job, settings.spanRules, () => toJob(job).payload);
    this.#startedAt = now;
    this.#startTimeout(job.timeoutMs ?? settings.timeoutMs);
    let returned: unknown;
    try {
      returned = this.#callHandler(this.#span, entrance);
      if (isThenable(returned)) return void this.#waitFor(returned);
    } catch (error) {
      return this.#return(this.#thrown(error));
    }
    this.#return(completedWith(returned, job, settings));
  }

  /** Ends it, whether or not the handler heeds the signal. */
  abort(error: Error): void {
    this.#abortedBy ??= error;
    this.#controller?.abort(error);
    this.#callbacks.onAbort(this, abortedEnd(error, this));
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

  /** It is over. */
  end(end: AttemptEnd, now: number): AttemptResult {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const { hasBegun } = this;
    const runMs = hasBegun ? toMicroseconds(now - this.#startedAt) : 0;
    const traceparent = this.#span?.end(end.outcome, jobErrorOf(end));
    return { hasBegun, end, runMs, traceparent };
  }

  #startTimeout(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const error = new JobTimeoutError(`The attempt took longer than ${timeoutMs} ms`);
    this.#timer = setTimeout(() => this.abort(error), timeoutMs);
  }

  /** Calls the handler as a part of its job, inside the attempt's span. */
  #callHandler(attempt: AttemptSpan, entrance: Entrance): unknown {
    const { job, settings } = this;
    const { span, traceId } = attempt;
    const { onCancelled } = this.#callbacks;
    const { id, queueName, correlationId, baggage } = job;
    const scope = { jobId: id, queueName, traceId, correlationId, baggage, span, onCancelled };
    const ctx = new HandlerContext(this, scope);
    return runAsJob(scope, attempt, entrance, () => settings.handler(toJob(job), ctx));
  }

  async #waitFor(returned: PromiseLike<unknown>): Promise<void> {
    let end: AttemptEnd;
    try {
      end = completedWith(await returned, this.job, this.settings);
    } catch (error) {
      end = this.#thrown(error);
    }
    this.#return(end);
  }

  #thrown(error: unknown): AttemptEnd {
    return thrownEnd(error, this.job.snoozes, this.settings.maxSnoozes);
  }

  #return(end: AttemptEnd): void {
    this.returned = end;
    this.#callbacks.onReturn(this);
  }
}

/** The context of a handler. What few handlers use is made when it is first read. */
class HandlerContext implements JobContext {
  readonly [jobScope]: JobScope;
  readonly span: Span;
  readonly #execution: Execution;

  constructor(execution: Execution, scope: JobScope) {
    this[jobScope] = scope;
    this.span = scope.span;
    this.#execution = execution;
  }

  get signal(): AbortSignal {
    return this.#execution.signal;
  }

  get enqueue(): JobContext["enqueue"] {
    return this.#execution.settings.source.enqueueFrom(this[jobScope]);
  }

  get isFinalJobInTrace(): () => Promise<boolean> {
    return () => this.#isFinal();
  }

  /** A late attempt runs in a trace of its own, to which the jobs belong that it enqueues. */
  async #isFinal(): Promise<boolean> {
    const { job: { id, traceId }, settings, recorded } = this.#execution;
    const traceEnds = traceEndsOf(settings.source.store, "ctx.isFinalJobInTrace()");
    const ownTraceId = this[jobScope].traceId;
    // Jobs that are over here and not recorded yet would count as unfinished.
    await recorded();
    const hasOthers = (traceId: string) => traceEnds.hasUnfinished({ traceId, exceptJobId: id });
    if (await hasOthers(traceId)) return false;
    return ownTraceId === traceId || !await hasOthers(ownTraceId);
  }
}

// What ends a process mostly does so at once. All places are to be taken within half a second.
const ALL_BEGUN_MS = 500;
const LEAST_ALONE_MS = 5;

/**
 * The suspects of one loop: jobs whose worker was lost before it was known whether they had begun. One
 * of them may be what ended it. So the begin of a suspect is recorded before it starts, and of several
 * the next one waits until it is unlikely that the one before ends the process: else the others would
 * be charged for it, or fail without having started. They have their places, and keep their leases,
 * while they wait.
 */
class Suspects {
  readonly #begin: (execution: Execution) => void;
  readonly #recorded: () => Promise<void>;
  #waiting: Execution[] = [];
  #present: Execution | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * `begin` is called for a suspect whose begin is recorded; `recorded` waits until all attempts are
   * recorded that are over by now.
   */
  constructor(begin: (execution: Execution) => void, recorded: () => Promise<void>) {
    this.#begin = begin;
    this.#recorded = recorded;
  }

  /** Begins it when its time comes. */
  add(execution: Execution): void {
    this.#waiting.push(execution);
    this.#next();
  }

  /** One of them is over, or is not to begin. */
  remove(execution: Execution): void {
    this.#waiting = this.#waiting.filter((one) => one !== execution);
    if (this.#present === execution) this.#letNext();
  }

  /** Takes those that have not begun, of one queue or of all. */
  takeWaiting(queueName: string | undefined): readonly Execution[] {
    const isTaken = ({ job }: Execution) => (queueName ?? job.queueName) === job.queueName;
    const present = this.#present;
    const waiting = present === undefined || present.hasBegun
      ? this.#waiting
      : [present, ...this.#waiting];
    this.#waiting = this.#waiting.filter((execution) => !isTaken(execution));
    return waiting.filter(isTaken);
  }

  #letNext(): void {
    clearTimeout(this.#timer);
    this.#present = undefined;
    this.#next();
  }

  #next(): void {
    if (this.#present !== undefined) return;
    this.#present = this.#waiting.shift();
    if (this.#present !== undefined) void this.#announce(this.#present);
  }

  async #announce(execution: Execution): Promise<void> {
    const { job: { id, leaseToken }, settings } = execution;
    const { leaseMs, concurrency, source: { store }, onError } = settings;
    const extension = { jobId: id, leaseToken, attempt: "begins" } as const;
    // If this one ends the process, what is over must not be lost with it.
    await this.#recorded();
    if (this.#present !== execution) return;
    const askedAt = performance.now();
    try {
      const [state] = await store.extend([extension], { leaseMs });
      // It may have been released meanwhile.
      if (this.#present !== execution) return;
      execution.applyLeaseState(state!, askedAt);
    } catch (error) {
      onError(error);
      execution.abort(new WorkerStoppedError("The begin of the attempt could not be recorded"));
    }
    if (this.#present !== execution) return;
    const aloneMs = Math.max(LEAST_ALONE_MS, ALL_BEGUN_MS / concurrency);
    this.#timer = setTimeout(() => this.#letNext(), aloneMs);
    this.#begin(execution);
  }
}

function workerStopped(): WorkerStoppedError {
  return new WorkerStoppedError("The worker stops and releases its jobs");
}

/** A time in ms, as exact as clocks are. Written in full it would be twice as long to send and to read. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  if (typeof value !== "object" && typeof value !== "function") return false;
  return typeof (value as Partial<PromiseLike<unknown>> | null)?.then === "function";
}

const completed: AttemptEnd = { outcome: "completed", result: undefined };

function completedWith(
  returned: unknown,
  job: ClaimedJob,
  settings: WorkerSettings,
): AttemptEnd {
  if (returned === undefined) return completed;
  return { outcome: "completed", result: resultText(returned, job, settings) };
}

/** The work is done, so a result that cannot be kept is reported and left out, never run again. */
function resultText(
  returned: unknown,
  { queueName, id }: ClaimedJob,
  { source, onError }: WorkerSettings,
): string | undefined {
  try {
    return toJson(returned, `The result of ${queueName} ${id}`, source.maxPayloadBytes);
  } catch (error) {
    onError(error);
    return undefined;
  }
}

function abortedEnd(error: unknown, { job, settings }: Execution): AttemptEnd {
  if (error instanceof JobTimeoutError) return { outcome: "timed_out", error };
  if (error instanceof WorkerStoppedError) return releasedEnd(job.releases, settings.maxReleases);
  if (error instanceof JobCancelledError) return { outcome: "cancelled", error };
  return { outcome: "lease_expired", error };
}

function jobErrorOf(end: AttemptEnd): JobError | undefined {
  return "error" in end ? toJobError(end.error) : undefined;
}
