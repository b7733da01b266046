/**
 * The executor of a loop: the attempts that run, their leases, and what ends them early.
 *
 * @module
 */
import { WorkerStoppedError } from "../job/errors.ts";
import type { JobRecord } from "../job/record.ts";
import { countAttempt, measureAttempt } from "../metrics/measure.ts";
import { cancelledAtOnceEvent, startEvent } from "./events.ts";
import { type AttemptResult, Execution, type ExecutionCallbacks } from "./execution.ts";
import type { FetchedJob } from "./fetcher.ts";
import { callHooks, type HookCalls } from "./hooks.ts";
import { Leases } from "./leases.ts";
import type { WorkerSettings } from "./options.ts";
import type { Recorder } from "./recorder.ts";
import type { Store } from "../store/store.ts";
import { Suspects } from "./suspects.ts";

/** What the executor of one loop works with. */
export interface ExecutorParts {
  readonly store: Store;
  readonly recorder: Recorder;
  readonly hooks: HookCalls | undefined;
  /** The workers of the loop, by their queues. */
  readonly workers: ReadonlyMap<string, WorkerSettings>;
  /** The jobs that are claimed and have not started: their leases are checked too. */
  readonly fetched: () => readonly FetchedJob[];
  /** Called when an attempt is over, with its worker. */
  readonly onEnd: (settings: WorkerSettings) => void;
  /** Called with claimed jobs that were cancelled elsewhere. */
  readonly onCancelled: (jobIds: readonly string[]) => void;
  /** Called with what the store failed with. */
  readonly onError: (error: unknown) => void;
}

/** Runs attempts. */
export class Executor {
  /** The attempts that run, or wait to begin. */
  readonly running: ReadonlySet<Execution>;
  /** Their leases. */
  readonly leases: Leases;
  readonly #running = new Set<Execution>();
  readonly #parts: ExecutorParts;
  readonly #suspects: Suspects;
  readonly #callbacks: ExecutionCallbacks;

  constructor(parts: ExecutorParts) {
    const { recorder } = parts;
    this.running = this.#running;
    this.leases = new Leases({ ...parts, running: this.#running });
    this.#parts = parts;
    this.#suspects = new Suspects((execution) => this.#run(execution), recorder.recorded);
    this.#callbacks = {
      onEnd: (execution, result) => this.#ended(execution, result),
      recorded: recorder.recorded,
      onCancelled: (jobs) => this.#callCancelHooks(jobs),
    };
  }

  /** Starts an attempt; that of a suspect when the store knows that it begins. */
  start({ job, settings, leasedUntil }: FetchedJob): void {
    const execution = new Execution(job, settings, leasedUntil, this.#callbacks);
    this.#running.add(execution);
    if (job.isSuspect) this.#suspects.add(execution);
    else this.#run(execution);
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

  /** Releases the suspects that have not begun. */
  releaseSuspects(): void {
    for (const execution of this.#suspects.takeWaiting()) execution.abort(workerStopped());
  }

  /** Ends every attempt; their jobs are released. */
  releaseAll(): void {
    this.releaseSuspects();
    for (const execution of this.#running) execution.abort(workerStopped());
  }

  #run(execution: Execution): void {
    const { job, settings } = execution;
    countAttempt(job.queueName);
    if (settings.hooks.onJobStart) this.#parts.hooks?.call(settings, () => [startEvent(job)]);
    void execution.run();
  }

  #ended(execution: Execution, result: AttemptResult): void {
    const { job, settings, hasBegun } = execution;
    this.#running.delete(execution);
    if (hasBegun) measureAttempt(job.queueName, result.runMs, result.end);
    this.#parts.recorder.add(execution, result);
    if (job.isSuspect) this.#suspects.remove(execution);
    this.#parts.onEnd(settings);
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

function workerStopped(): WorkerStoppedError {
  return new WorkerStoppedError("The worker stops and releases its jobs");
}
