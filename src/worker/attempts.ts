/**
 * The attempts of one loop: those that run, and those that are over and wait to be recorded.
 *
 * @module
 */
import { type Backoff, backoffDelay, defaultBackoff } from "../job/backoff.ts";
import { OutcomeRefusedError, WorkerStoppedError } from "../job/errors.ts";
import { type Executed, Execution, type ExecutionWatcher } from "./execute.ts";
import type { JobRecord } from "../job/record.ts";
import { applyLeaseState } from "./heartbeat.ts";
import type { HookCalls } from "./hooks.ts";
import { tell } from "./hooks.ts";
import { cancelEvent, cancelledAtOnceEvent, startEvent } from "./events.ts";
import { countAttempt, measureAttempt } from "../metrics/measure.ts";
import { type AttemptEnd, settle, settleUnstarted } from "./settle.ts";
import { Suspects } from "./suspects.ts";
import type { Change, ClaimedJob, Settlement } from "../store/store.ts";
import type { OutcomeCounts } from "./outcome_counts.ts";
import type { WorkerSettings } from "./options.ts";

/** An attempt that is over here and not yet recorded. */
export interface Finished {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  readonly end: AttemptEnd;
  readonly settlement: Settlement;
}

/** Starts attempts and collects their outcomes. */
export class Attempts {
  readonly #running = new Set<Execution>();
  readonly #hooks: HookCalls;
  readonly #outcomes: OutcomeCounts;
  readonly #onEnd: (settings: WorkerSettings) => void;
  readonly #settingsOf: (queueName: string) => WorkerSettings | undefined;
  readonly #suspects: Suspects = new Suspects(
    (execution) => this.#run(execution),
    () => this.recorded(),
  );
  readonly #awaiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #finished: Finished[] = [];
  #endedCount = 0;
  #recordedCount = 0;

  /**
   * `onEnd` is called whenever an attempt is over, with the worker that it was one of; `settingsOf`
   * gives the worker of a queue, if it is one of this loop's.
   */
  constructor(
    hooks: HookCalls,
    outcomes: OutcomeCounts,
    onEnd: (settings: WorkerSettings) => void,
    settingsOf: (queueName: string) => WorkerSettings | undefined,
  ) {
    this.#settingsOf = settingsOf;
    this.#hooks = hooks;
    this.#outcomes = outcomes;
    this.#onEnd = onEnd;
  }

  /** Those that run. */
  get running(): ReadonlySet<Execution> {
    return this.#running;
  }

  /** How many wait to be recorded. */
  get finishedCount(): number {
    return this.#finished.length;
  }

  /** Waits until all are recorded that are over by now. */
  readonly recorded = (): Promise<void> => {
    if (this.#recordedCount === this.#endedCount) return Promise.resolve();
    return new Promise((resolve) => this.#awaiting.push({ count: this.#endedCount, resolve }));
  };

  /** As many as these were recorded, in the order in which they ended. */
  noteRecorded(count: number): void {
    this.#recordedCount += count;
    while (this.#awaiting[0] && this.#awaiting[0].count <= this.#recordedCount) {
      this.#awaiting.shift()!.resolve();
    }
  }

  /** Takes those that wait to be recorded, at most so many. */
  takeFinished(most: number): readonly Finished[] {
    const finished = this.#finished.slice(0, most);
    this.#finished = this.#finished.slice(most);
    return finished;
  }

  /** Puts back those that could not be recorded. */
  putBack(finished: readonly Finished[]): void {
    this.#finished = [...finished, ...this.#finished];
  }

  /**
   * What to record instead of an outcome that the store refused: a failure that says so, or without
   * any trace that the job is released. `undefined` when there is nothing less to record.
   */
  insteadOf(
    { job, settings, end, settlement }: Finished,
    error: unknown,
  ): Finished | undefined {
    const { change, runMs } = settlement;
    if (change.status === "ready") {
      if (!change.started) return undefined;
      const executed = { end, runMs, traceparent: undefined };
      return finished(job, settings, executed, { ...change, started: false });
    }
    if ("error" in end && end.error instanceof OutcomeRefusedError) return undefined;
    const said = error instanceof Error ? error.message : String(error);
    const refusal = new OutcomeRefusedError(
      `The store refused to record the attempt as ${change.status}: ${said}`,
      { cause: error },
    );
    const failed = { outcome: "failed", error: refusal } as const;
    const instead = settle(failed, job, () => retryDelay(job, settings, failed))!;
    return finished(job, settings, { end: failed, runMs, traceparent: undefined }, instead);
  }

  /**
   * Starts an attempt of a job whose lease surely holds until then, by `performance.now()`; that of a
   * suspect when the store knows that it begins.
   */
  start(job: ClaimedJob, settings: WorkerSettings, leasedUntil: number): Execution {
    const execution = new Execution(job, settings, leasedUntil, this.#watcher);
    this.#running.add(execution);
    if (job.isSuspect) this.#suspects.add(execution);
    else this.#run(execution);
    return execution;
  }

  /** Releases a job that was claimed and is not to start. */
  releaseUnstarted(job: ClaimedJob, settings: WorkerSettings): void {
    const end = { outcome: "released" } as const;
    const executed = { end, runMs: 0, traceparent: undefined };
    this.#finish(finished(job, settings, executed, settleUnstarted(end)!));
  }

  /** Ends the running attempts of these jobs, which were cancelled. */
  cancel(jobIds: ReadonlySet<string>): void {
    for (const execution of this.#running) {
      if (!jobIds.has(execution.job.id)) continue;
      applyLeaseState(execution, "cancelled", performance.now());
    }
  }

  /** Releases the suspects that have not begun. */
  releaseSuspects(): void {
    for (const execution of this.#suspects.takeWaiting()) execution.abort(workerStopped());
  }

  /** Ends every running attempt; their jobs are released. */
  release(): void {
    this.releaseSuspects();
    for (const execution of this.#running) execution.abort(workerStopped());
  }

  #run(execution: Execution): void {
    const { job, settings } = execution;
    countAttempt(job.queueName);
    if (settings.hooks.onJobStart) this.#hooks.tell(settings, () => [startEvent(job)]);
    void execution.run();
  }

  #finish(finished: Finished): void {
    this.#endedCount++;
    this.#finished.push(finished);
  }

  readonly #end = (execution: Execution, executed: Executed): void => {
    const { job, settings } = execution;
    this.#running.delete(execution);
    const { end } = executed;
    if (execution.hasBegun) measureAttempt(job.queueName, executed.runMs, end);
    const change = execution.hasBegun
      ? settle(end, job, () => retryDelay(job, settings, end))
      : settleUnstarted(end);
    if (change !== undefined) this.#finish(finished(job, settings, executed, change));
    if (job.isSuspect) this.#suspects.remove(execution);
    if (end.outcome === "lease_expired") this.#outcomes.add("lease_expired");
    if (end.outcome === "cancelled") {
      this.#outcomes.add("cancelled");
      if (execution.hasBegun) {
        this.#hooks.tell(settings, () => [cancelEvent(job, end.error, executed.runMs)]);
      }
    }
    this.#onEnd(settings);
  };

  /** Not waited for: a handler may go on when its attempt, and even the loop, is over. */
  readonly #tellCancelled = (jobs: readonly JobRecord[]): void => {
    for (const job of jobs) {
      const settings = this.#settingsOf(job.queueName);
      if (settings?.hooks.onJobCancel === undefined) continue;
      void tell(settings.hooks, () => [cancelledAtOnceEvent(job)], settings.onError);
    }
  };

  readonly #watcher: ExecutionWatcher = {
    onEnd: this.#end,
    recorded: this.recorded,
    onCancelled: this.#tellCancelled,
  };
}

function workerStopped(): WorkerStoppedError {
  return new WorkerStoppedError("The worker stops and releases its jobs");
}

function finished(
  job: ClaimedJob,
  settings: WorkerSettings,
  { end, runMs, traceparent }: Executed,
  change: Change,
): Finished {
  const settlement = { jobId: job.id, leaseToken: job.leaseToken, change, runMs, traceparent };
  return { job, settings, end, settlement };
}

/** The job's own rule, else the worker's. A rule that fails is reported and the default holds. */
function retryDelay(job: ClaimedJob, settings: WorkerSettings, end: AttemptEnd): number {
  const error = "error" in end ? end.error : undefined;
  try {
    const rule = job.backoff === undefined ? settings.backoff : JSON.parse(job.backoff) as Backoff;
    return backoffDelay(rule, job.attempts, error);
  } catch (problem) {
    settings.onError(problem);
    return backoffDelay(defaultBackoff, job.attempts, error);
  }
}
