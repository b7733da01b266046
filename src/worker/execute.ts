/**
 * One attempt: the span starts, the handler runs inside it, the span ends with the outcome.
 *
 * @module
 */
import { JobCancelledError, JobTimeoutError, WorkerStoppedError } from "../job/errors.ts";
import { toJson } from "../job/json.ts";
import { toJob } from "../job/from_record.ts";
import type { JobError, JobRecord } from "../job/record.ts";
import { toJobError } from "../job/thrown.ts";
import { type AttemptEnd, releasedEnd } from "./settle.ts";
import type { ClaimedJob } from "../store/store.ts";
import { type AttemptSpan, startAttemptSpan } from "../trace/attempt.ts";
import { runInScope } from "../trace/scope.ts";
import { runInContext } from "../trace/active_context.ts";
import { type Begun, contextOf, scopeOf } from "./attempt_context.ts";
import type { WorkerSettings } from "./options.ts";

/** An attempt that is over. */
export interface Executed {
  /** How it ended. */
  readonly end: AttemptEnd;
  /** How long it took. */
  readonly runMs: number;
  /** Its span's context, if the span was recorded. */
  readonly traceparent: string | undefined;
}

/** Who started attempts. */
export interface ExecutionWatcher {
  /** Called when an attempt is over, or shall not begin. */
  readonly onEnd: (execution: Execution, executed: Executed) => void;
  /** Waits until all attempts are recorded that are over by now. */
  readonly recorded: () => Promise<void>;
  /** Called with jobs that a handler enqueued and that were cancelled as they were stored. */
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
  readonly #watcher: ExecutionWatcher;
  readonly #controller = new AbortController();
  // While it runs.
  #span: AttemptSpan | undefined;
  #startedAt = 0;
  #hasBegun = false;
  #isOver = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    job: ClaimedJob,
    settings: WorkerSettings,
    leasedUntil: number,
    watcher: ExecutionWatcher,
  ) {
    this.job = job;
    this.settings = settings;
    this.leasedUntil = leasedUntil;
    this.#watcher = watcher;
  }

  /** Whether it was run. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Starts the span and runs the handler to its end. Never rejects. */
  async run(): Promise<void> {
    const { job, settings } = this;
    this.#hasBegun = true;
    const span = startAttemptSpan(job, settings.spanRules, () => toJob(job).payload);
    this.#span = span;
    this.#startedAt = performance.now();
    this.#startTimeout(job.timeoutMs ?? settings.timeoutMs);
    let returned: unknown;
    try {
      const { signal } = this.#controller;
      const { recorded, onCancelled } = this.#watcher;
      returned = await callHandler({ job, settings, signal, span, recorded, onCancelled });
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

  #startTimeout(timeoutMs: number | undefined): void {
    if (timeoutMs === undefined) return;
    const error = new JobTimeoutError(`The attempt took longer than ${timeoutMs} ms`);
    this.#timer = setTimeout(() => this.abort(error), timeoutMs);
  }

  #end(end: AttemptEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    const runMs = this.#hasBegun ? performance.now() - this.#startedAt : 0;
    const traceparent = this.#span?.end(end.outcome, errorOf(end));
    this.#watcher.onEnd(this, { end, runMs, traceparent });
  }
}

/** Calls the handler as a part of its job, inside the attempt's span. */
function callHandler(begun: Begun): unknown {
  const { job, settings, span } = begun;
  const scope = scopeOf(begun);
  const call = () => settings.handler(toJob(job), contextOf(begun, scope));
  return runInContext(span.context, () => runInScope(scope, call));
}

/** The work is done, so a result that cannot be kept is reported and left out, never run again. */
function resultText(
  returned: unknown,
  record: ClaimedJob,
  { source, onError }: WorkerSettings,
): string | undefined {
  if (returned === undefined) return undefined;
  try {
    return toJson(
      returned,
      `The result of ${record.queueName} ${record.id}`,
      source.maxPayloadBytes,
    );
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
