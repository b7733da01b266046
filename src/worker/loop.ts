/**
 * The cooperative loop behind every worker: one turn with the store at a time records what has ended
 * and claims what can start. While a turn is under way, jobs that were claimed before go on starting
 * and outcomes gather for the next turn, so batches grow with the load by themselves.
 *
 * @module
 */
import { Attempts, type Finished } from "./attempts.ts";
import { EventLoopYield } from "./sleep.ts";
import { Cancellations } from "./cancellations.ts";
import { JobCancelledError } from "../job/errors.ts";
import { Heartbeat } from "./heartbeat.ts";
import { HookCalls } from "./hooks.ts";
import { Fetcher, type FetchHistory, type FetchLimits } from "./fetcher.ts";
import { cancelEvent, outcomeEvents } from "./events.ts";
import type { FetchedJob } from "./queue_fetcher.ts";
import { Stopping } from "./stopping.ts";
import type { LeaseState, Notice, SettleAndClaimResult, Store } from "../store/store.ts";
import { OutcomeCounts } from "./outcome_counts.ts";
import { TraceEnds } from "./trace_ends.ts";
import { Turns } from "./turns.ts";
import { doMaintenance, maintenanceDueAt } from "./maintenance.ts";
import { Sleep } from "./sleep.ts";
import { toAll, type WorkerSettings } from "./options.ts";

/** How far a loop goes. */
export interface LoopLimits extends Omit<FetchLimits, "endsAt"> {
  /** No job is started after this long. */
  readonly budgetMs: number;
  /** Whether the loop ends when nothing is ready and nothing runs. */
  readonly endsWhenIdle: boolean;
}

/** One run or one tick over the queues of one store. */
export class Loop {
  readonly outcomes: OutcomeCounts = new OutcomeCounts();
  readonly #store: Store;
  readonly #settings: readonly WorkerSettings[];
  readonly #byQueue: ReadonlyMap<string, WorkerSettings>;
  readonly #limits: LoopLimits;
  readonly #waiting: Sleep = new Sleep();
  readonly #eventLoop: EventLoopYield = new EventLoopYield();
  readonly #onStoreError: (error: unknown) => void;
  readonly #hooks: HookCalls;
  readonly #fetcher: Fetcher;
  readonly #attempts: Attempts;
  readonly #heartbeat: Heartbeat;
  readonly #turns: Turns;
  readonly #cancellations: Cancellations;
  readonly #traceEnds: TraceEnds;
  readonly #stopping: Stopping = new Stopping(() => this.#attempts.release());
  // Maintenance alone is no reason for more of it, whatever its interval.
  #hasKept = false;
  #isKeeping = false;

  constructor(
    settings: readonly WorkerSettings[],
    limits: LoopLimits,
    history: FetchHistory,
  ) {
    this.#store = settings[0]!.source.store;
    this.#settings = settings;
    this.#byQueue = new Map(settings.map((one) => [one.queueName, one]));
    this.#onStoreError = toAll(settings);
    this.#hooks = new HookCalls(Math.max(...settings.map(({ leaseMs }) => leaseMs)));
    this.#attempts = new Attempts(
      this.#hooks,
      this.outcomes,
      (one) => this.#ended(one),
      (queueName) => this.#byQueue.get(queueName),
    );
    this.#heartbeat = new Heartbeat(this.#store, this.#attempts.running, this.#onStoreError);
    const endsAt = performance.now() + limits.budgetMs;
    this.#fetcher = new Fetcher(settings, { ...limits, endsAt }, history);
    this.#turns = new Turns({
      store: this.#store,
      attempts: this.#attempts,
      fetcher: this.#fetcher,
      stopping: this.#stopping,
      givesUp: limits.endsWhenIdle,
      onError: this.#onStoreError,
      onRefused: (finished, error) => this.#refused(finished, error),
      onResult: (finished, result) => this.#took(finished, result),
    });
    this.#cancellations = new Cancellations({
      store: this.#store,
      attempts: this.#attempts,
      fetcher: this.#fetcher,
      onError: this.#onStoreError,
    });
    this.#traceEnds = new TraceEnds(this.#store, settings, this.#onStoreError);
    this.#limits = limits;
  }

  /** When the store has something next, in ms: 0 when it was not asked since something changed. */
  get nextInMs(): number | undefined {
    return this.#fetcher.nextInMs;
  }

  /** Works until the limits are reached or, without limits, until it is stopped. */
  async work(): Promise<void> {
    const stopListening = this.#store.onNotice?.((notice) => this.#heard(notice));
    this.#cancellations.start();
    try {
      while (!this.#isOver()) {
        this.#startHeld();
        if (this.#fetcher.overdueAt() <= performance.now()) await this.#releaseOverdue();
        if (this.#turns.isDue()) await this.#turns.take();
        else if (!this.#isMaintenanceDue()) await this.#sleep();
        this.#traceEnds.askIfDue();
        if (this.#isMaintenanceDue()) void this.#maintain();
        await this.#eventLoop.yieldIfDue();
      }
      if (this.#stopping.hasGivenUp) this.#reportUnrecorded();
    } finally {
      this.#heartbeat.stop();
      this.#cancellations.stop();
      stopListening?.();
      this.#attempts.release();
      this.#stopping.end();
      if (!this.#stopping.hasGivenUp) this.#traceEnds.ask();
      const withinMs = this.#endTimeoutMs();
      await Promise.all([this.#hooks.settled(withinMs), this.#traceEnds.settled(withinMs)]);
    }
  }

  /** Claims no more. Jobs that still run after `timeoutMs` are released. */
  stop(timeoutMs: number): void {
    this.#stopping.ask(timeoutMs, this.#endTimeoutMs());
    this.#fetcher.close();
    this.#release(this.#fetcher.takeAll());
    this.#attempts.releaseSuspects();
    this.#waiting.wake();
    this.#turns.wake();
  }

  #heard(notice: Notice): void {
    switch (notice.type) {
      case "ready":
        if (this.#fetcher.wake(notice.queueName)) this.#waiting.wake();
        break;
      case "cancelled":
        this.#cancellations.apply(notice.jobIds);
        this.#waiting.wake();
        break;
      case "missed":
        void this.#cancellations.check();
        this.#fetcher.wakeAll();
        this.#waiting.wake();
    }
  }

  #took(finished: readonly Finished[], result: SettleAndClaimResult): void {
    if (finished.length > 0 || result.claimed.length > 0) this.#hasKept = false;
    finished.forEach((one, i) => this.#recorded(one, result.settled[i]!));
    this.#attempts.noteRecorded(finished.length);
    if (finished.length > 0) this.#traceEnds.ask();
    this.#startHeld();
  }

  /** Gives held jobs the places that are free. */
  #startHeld(): void {
    // The stop, or the end of the budget, may have come meanwhile.
    if (!this.#fetcher.isOpen) {
      const { fetchedCount, startedCount } = this.#fetcher;
      if (fetchedCount > 0 && startedCount === 0) this.#reportShortBudget();
      this.#release(this.#fetcher.takeAll());
      this.#attempts.releaseSuspects();
      return;
    }
    for (let next = this.#fetcher.start(); next; next = this.#fetcher.start()) this.#start(next);
  }

  #start(fetched: FetchedJob): void {
    const { job, settings, leasedUntil } = fetched;
    // It may be running elsewhere.
    if (leasedUntil <= performance.now()) {
      this.#fetcher.releasedUnstarted(settings);
      return this.#release([fetched]);
    }
    this.#heartbeat.keep(this.#attempts.start(job, settings, leasedUntil));
  }

  /** Only what has no place: attempts that are over have freed theirs, once they can say so. */
  async #releaseOverdue(): Promise<void> {
    await this.#eventLoop.yield();
    this.#startHeld();
    this.#release(this.#fetcher.takeOverdue());
  }

  #ended(settings: WorkerSettings): void {
    this.#fetcher.ended(settings);
    this.#startHeld();
    this.#waiting.wake();
  }

  #release(fetched: readonly FetchedJob[]): void {
    for (const { job, settings } of fetched) this.#attempts.releaseUnstarted(job, settings);
  }

  /** Hooks hear of an outcome only now that it is recorded. */
  #recorded({ job, settings, settlement }: Finished, state: LeaseState): void {
    const { change, runMs } = settlement;
    if (state === "held") {
      this.outcomes.add(change.outcome, change.status);
      this.#hooks.tell(settings, () => outcomeEvents(job, change, runMs));
    } else if (state === "cancelled") {
      this.outcomes.add("cancelled");
      const error = new JobCancelledError("The job was cancelled before its outcome was recorded");
      this.#hooks.tell(settings, () => [cancelEvent(job, error, runMs)]);
    } else {
      this.outcomes.add("lease_expired");
    }
  }

  /** An outcome that the store refuses in every form must not be repeated for ever. */
  #refused({ job, settings }: Finished, error: unknown): void {
    this.#attempts.noteRecorded(1);
    this.outcomes.add("lease_expired");
    settings.onError(
      new Error(
        `The store refuses every outcome of ${job.queueName} ${job.id}; it runs again after its lease`,
        { cause: error },
      ),
    );
  }

  /** A worker that could not record its own outcomes must not sweep them. */
  #isMaintenanceDue(): boolean {
    return !this.#turns.hasFailed && !this.#stopping.isAsked && !this.#hasKept &&
      !this.#isKeeping &&
      maintenanceDueAt(this.#store, this.#settings) <= performance.now();
  }

  #isOver(): boolean {
    if (this.#stopping.hasGivenUp) return true;
    const { running, finishedCount } = this.#attempts;
    if (running.size > 0 || finishedCount > 0 || this.#fetcher.fetchedCount > 0) return false;
    if (this.#isKeeping) return false;
    if (this.#stopping.isAsked) return true;
    return this.#limits.endsWhenIdle && !this.#isMaintenanceDue() &&
      this.#fetcher.dueAt() > performance.now();
  }

  async #sleep(): Promise<void> {
    const now = performance.now();
    // A maintenance interval of zero means every turn, not a loop without a pause.
    const maintenanceAt = this.#isKeeping
      ? Infinity
      : Math.max(now + 1, maintenanceDueAt(this.#store, this.#settings));
    const wakeAt = Math.min(
      this.#fetcher.nextAt(),
      maintenanceAt,
      Math.max(now + 1, this.#traceEnds.askAt),
    );
    // Woken by the end of a maintenance run it has not slept, and the next one is not due yet.
    const isWokenByMaintenance = this.#isKeeping;
    await this.#waiting.sleep(wakeAt - now);
    const mayKeepAgain = !this.#limits.endsWhenIdle || this.#attempts.running.size > 0;
    if (!isWokenByMaintenance && mayKeepAgain) this.#hasKept = false;
    this.#eventLoop.hasYielded();
  }

  /** Beside the turns: on a store that is far away jobs need not wait for it. Never rejects. */
  async #maintain(): Promise<void> {
    this.#hasKept = true;
    this.#isKeeping = true;
    const maintenance = doMaintenance(this.#store, this.#byQueue, this.#hooks, this.#onStoreError);
    const hasFreed = await this.#stopping.inTime(maintenance).catch(() => false);
    this.#isKeeping = false;
    if (hasFreed) this.#fetcher.wakeAll();
    this.#waiting.wake();
  }

  #endTimeoutMs(): number {
    return Math.max(...this.#settings.map((one) => one.endTimeoutMs));
  }

  #reportShortBudget(): void {
    if (this.#stopping.isAsked) return;
    this.#onStoreError(
      new Error(
        `The budget of ${this.#limits.budgetMs} ms was over before the store had answered: no job ` +
          "was started",
      ),
    );
  }

  #reportUnrecorded(): void {
    const count = this.#attempts.finishedCount;
    if (count === 0) return;
    this.#onStoreError(
      new Error(`${count} outcomes could not be recorded; these jobs run again after their lease`),
    );
  }
}
