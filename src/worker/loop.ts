/**
 * The cooperative loop behind every worker: it starts what is fetched, makes a round trip to the store
 * that records what has ended and claims what can start, and sleeps when there is nothing to do. While
 * a round trip is under way, jobs that were claimed before go on starting and outcomes gather for the
 * next one, so batches grow with the load by themselves.
 *
 * @module
 */
import { Executor } from "./executor.ts";
import { type FetchedJob, Fetcher, type FetchHistory } from "./fetcher.ts";
import { HookCalls } from "./hooks.ts";
import type { WorkerGroup, WorkerSettings } from "./options.ts";
import { soonMs } from "./presence.ts";
import { Recorder, type WorkResult } from "./recorder.ts";
import { EventLoopYield, Sleep } from "./sleep.ts";
import type { Notice } from "../store/store.ts";
import { boundHere } from "../trace/scope.ts";
import { withTimeLimit } from "../timers.ts";
import { TraceEndHooks } from "./trace_ends.ts";

/** How far a loop goes. */
export interface LoopLimits {
  /** At most this many jobs are started in all. */
  readonly maxJobs: number;
  /** No job is started after this long. */
  readonly budgetMs: number;
  /** Whether the loop ends when nothing is ready and nothing runs. */
  readonly endsWhenIdle: boolean;
}

/** One run or one tick over the queues of one store. */
export class Loop {
  readonly #group: WorkerGroup;
  readonly #limits: LoopLimits;
  readonly #hooks: HookCalls | undefined;
  readonly #fetcher: Fetcher;
  readonly #recorder: Recorder;
  readonly #executor: Executor;
  readonly #traceEnds: TraceEndHooks | undefined;
  readonly #sleep: Sleep = new Sleep();
  readonly #eventLoop: EventLoopYield = new EventLoopYield();
  #stopsAt = Infinity;
  #stopTimers: readonly ReturnType<typeof setTimeout>[] = [];
  #isEnded = false;
  // Maintenance alone is no reason for more of it, whatever its interval.
  #hasMaintained = false;
  #isMaintaining = false;

  constructor(group: WorkerGroup, limits: LoopLimits, history: FetchHistory) {
    const { source: { store }, onError } = group;
    const { maxJobs, budgetMs, endsWhenIdle } = limits;
    this.#group = group;
    this.#limits = limits;
    this.#hooks = group.hasJobHooks ? new HookCalls(group.leaseMs) : undefined;
    this.#fetcher = new Fetcher(
      group.workers,
      { concurrency: group.concurrency, maxJobs, endsAt: performance.now() + budgetMs },
      history,
    );
    this.#recorder = new Recorder({
      store,
      fetcher: this.#fetcher,
      hooks: this.#hooks,
      onRoundTrip: (recordedCount, claimedCount) => this.#answered(recordedCount, claimedCount),
      givesUp: () => endsWhenIdle && this.#executor.running.size === 0,
      onError,
    });
    this.#executor = new Executor({
      store,
      recorder: this.#recorder,
      hooks: this.#hooks,
      workers: group.byQueue,
      fetched: () => this.#fetcher.fetched(),
      onEnd: (workers, now) => this.#ended(workers, now),
      onCancelled: (jobIds) => this.#cancel(jobIds),
      onPaused: (queueName) => this.#pause(queueName),
      onError,
    });
    this.#traceEnds = group.hasTraceHooks ? new TraceEndHooks(group) : undefined;
  }

  /** Works until the limits are reached or, without limits, until it is stopped. */
  async work(): Promise<WorkResult> {
    const stopListening = this.#group.source.store.onNotice?.((notice) => this.#note(notice));
    const stopOffering = this.#offer();
    this.#executor.open();
    this.#traceEnds?.ask();
    for (const { presence, queueName } of this.#group.workers) {
      if (!presence.queueNames.has(queueName)) presence.enter(queueName);
    }
    this.#announceIfDue();
    try {
      while (!this.#isOver()) {
        this.#startFetched(performance.now());
        if (this.#hasOverdue()) await this.#releaseOverdue();
        if (this.#recorder.waitingCount > 0 && this.#traceEnds?.hasAnswer === false) {
          await this.#traceEnds.firstAnswer();
        }
        if (this.#isRoundTripDue()) await this.#recorder.roundTrip();
        else await this.#sleepUntilDue();
        this.#maintain();
        await this.#eventLoop.yieldIfDue();
      }
      if (this.#recorder.hasGivenUp) this.#recorder.reportUnrecorded();
    } finally {
      stopListening?.();
      stopOffering?.();
      await this.#end();
    }
    return { ...this.#recorder.counts, nextInMs: this.#fetcher.nextInMs };
  }

  /** Claims no more. Jobs that still run after `timeoutMs` are released. */
  stop(timeoutMs: number): void {
    this.#endWithin(timeoutMs);
    this.#fetcher.close();
    this.#releaseFetched();
    this.#recorder.stop();
    this.#sleep.wake();
  }

  get #isStopping(): boolean {
    return this.#stopsAt < Infinity;
  }

  #isOver(): boolean {
    const { hasGivenUp, waitingCount } = this.#recorder;
    if (hasGivenUp) return true;
    if (this.#executor.running.size > 0 || waitingCount > 0) return false;
    const { fetchedCount, reservedCount } = this.#fetcher;
    if (fetchedCount > 0 || reservedCount > 0 || this.#isMaintaining) return false;
    if (this.#isStopping) return true;
    if (!this.#limits.endsWhenIdle) return false;
    return this.#fetcher.dueAt() > performance.now();
  }

  /** Takes new jobs of this process as they are added. One that ends when idle is not waited for. */
  #offer(): (() => void) | undefined {
    if (this.#limits.endsWhenIdle) return undefined;
    // Not within what is active where jobs are added, such as a request.
    const startTaken = boundHere((count: number) => void this.#startTaken(count));
    return this.#group.source.store.offer?.({
      reserve: (queueName, count) => {
        if (this.#isStopping || this.#recorder.hasFailed) return undefined;
        const kept = this.#fetcher.reserve(queueName, count);
        return kept && {
          leaseMs: kept.settings.leaseMs,
          workerName: kept.settings.presence.name,
          took: (jobs) => {
            this.#release(this.#fetcher.tookReserved(kept, jobs));
            startTaken(jobs.length);
          },
        };
      },
    });
  }

  /** Once those who added them have had their answer. */
  async #startTaken(count: number): Promise<void> {
    if (count > 0) {
      this.#hasMaintained = false;
      await this.#eventLoop.yield();
      if (!this.#isEnded) this.#startFetched(performance.now());
    }
    this.#sleep.wake();
  }

  /** Gives fetched jobs the places that are free now, by `performance.now()`. */
  #startFetched(now: number): void {
    while (now < this.#fetcher.endsAt) {
      const fetched = this.#fetcher.fetchedCount > 0 ? this.#fetcher.start() : undefined;
      if (fetched === undefined) return;
      if (fetched.answer.leasedUntil > now) this.#executor.start(fetched, now);
      else this.#releaseLate(fetched);
      // A handler may have taken its time.
      now = performance.now();
    }
    this.#releaseFetched();
  }

  /** One whose lease is over: it may be running elsewhere. */
  #releaseLate({ job, answer: { settings } }: FetchedJob): void {
    this.#fetcher.releasedUnstarted(settings);
    this.#recorder.release(job, settings);
  }

  /** Nothing starts any more. */
  #releaseFetched(): void {
    const { fetchedCount, startedCount } = this.#fetcher;
    if (fetchedCount > 0 && startedCount === 0 && !this.#isStopping) this.#reportShortBudget();
    this.#release(this.#fetcher.takeAll());
    this.#executor.releaseSuspects();
  }

  #hasOverdue(): boolean {
    return this.#fetcher.fetchedCount > 0 && this.#fetcher.overdueAt() <= performance.now();
  }

  /** Only what has no place: attempts that are over have freed theirs, once they can say so. */
  async #releaseOverdue(): Promise<void> {
    await this.#eventLoop.yield();
    this.#startFetched(performance.now());
    this.#release(this.#fetcher.takeOverdue());
  }

  #release(fetched: readonly FetchedJob[]): void {
    for (const { job, answer } of fetched) this.#recorder.release(job, answer.settings);
  }

  #isRoundTripDue(): boolean {
    return this.#recorder.waitingCount > 0 || this.#fetcher.claimAt() <= performance.now();
  }

  /** After each round trip. */
  #answered(recordedCount: number, claimedCount: number): void {
    if (recordedCount > 0 || claimedCount > 0) this.#hasMaintained = false;
    if (recordedCount > 0) this.#traceEnds?.ask();
    this.#startFetched(performance.now());
  }

  /** Attempts are over. */
  #ended(workers: readonly WorkerSettings[], now: number): void {
    for (const worker of workers) this.#fetcher.ended(worker, now);
    this.#startFetched(now);
    this.#sleep.wake();
  }

  #note(notice: Notice): void {
    switch (notice.type) {
      case "ready":
        if (this.#fetcher.wake(notice.queueName)) this.#sleep.wake();
        break;
      case "cancelled":
        this.#cancel(notice.jobIds);
        break;
      case "paused":
        this.#pause(notice.queueName);
        break;
      case "missed":
        void this.#executor.leases.check();
        this.#fetcher.wakeAll();
        this.#sleep.wake();
    }
  }

  #cancel(jobIds: readonly string[]): void {
    this.#fetcher.cancel(jobIds);
    this.#executor.cancel(jobIds);
    this.#sleep.wake();
  }

  /** What has not started of a queue, or of all, is handed back. */
  #pause(queueName: string | undefined): void {
    this.#release(this.#fetcher.pause(queueName));
    this.#executor.releaseSuspects(queueName);
    this.#sleep.wake();
  }

  async #sleepUntilDue(): Promise<void> {
    if (this.#isMaintenanceDue()) return;
    const now = performance.now();
    // Woken by the end of a maintenance run it has not slept, and the next one is not due yet.
    const isWokenByMaintenance = this.#isMaintaining;
    await this.#sleep.sleep(this.#wakeAt(now) - now);
    const mayMaintainAgain = !this.#limits.endsWhenIdle || this.#executor.running.size > 0;
    if (!isWokenByMaintenance && mayMaintainAgain) this.#hasMaintained = false;
    this.#eventLoop.hasYielded();
  }

  /** When there is something to do that nothing else wakes the loop for. */
  #wakeAt(now: number): number {
    const maintenanceAt = this.#isMaintaining || this.#isStopping
      ? Infinity
      : this.#group.source.maintenance.dueAt(this.#group.maintenanceMs);
    const traceEndsAt = this.#traceEnds?.askAt ?? Infinity;
    const presenceAt = Math.min(...this.#group.workers.map(({ presence }) => presence.dueAt));
    // An interval of zero means every round trip, not a loop without a pause.
    return Math.min(
      this.#fetcher.nextAt(),
      Math.max(now + 1, Math.min(maintenanceAt, traceEndsAt, presenceAt)),
    );
  }

  /** A worker that could not record its own outcomes must not sweep them. */
  #isMaintenanceDue(): boolean {
    if (this.#hasMaintained || this.#isMaintaining) return false;
    if (this.#recorder.hasFailed || this.#isStopping) return false;
    return this.#group.source.maintenance.dueAt(this.#group.maintenanceMs) <= performance.now();
  }

  /** Beside the round trips: on a store that is far away jobs need not wait for it. */
  #maintain(): void {
    this.#traceEnds?.askIfDue();
    this.#announceIfDue();
    if (this.#isMaintenanceDue()) void this.#maintainStore();
  }

  /** Also beside the first claim. */
  #announceIfDue(): void {
    for (const { presence } of this.#group.workers) {
      if (presence.dueAt <= performance.now()) void presence.announce(this.#group);
    }
  }

  async #maintainStore(): Promise<void> {
    this.#hasMaintained = true;
    this.#isMaintaining = true;
    const hasFreed = await this.#group.source.maintenance.run(this.#group, this.#hooks);
    this.#isMaintaining = false;
    if (hasFreed) this.#fetcher.wakeAll();
    this.#sleep.wake();
  }

  /** Asked twice, the sooner end holds. */
  #endWithin(timeoutMs: number): void {
    const stopsAt = performance.now() + timeoutMs + this.#group.endTimeoutMs;
    if (this.#isEnded || stopsAt >= this.#stopsAt) return;
    this.#stopsAt = stopsAt;
    this.#clearStopTimers();
    this.#stopTimers = [
      setTimeout(() => this.#executor.releaseAll(), timeoutMs),
      setTimeout(() => this.#giveUp(), timeoutMs + this.#group.endTimeoutMs),
    ];
  }

  /** The store has had its time. */
  #giveUp(): void {
    this.#recorder.giveUp();
    this.#sleep.wake();
  }

  async #end(): Promise<void> {
    this.#isEnded = true;
    this.#clearStopTimers();
    this.#executor.leases.stop();
    if (this.#executor.running.size > 0) this.#executor.releaseAll();
    if (!this.#recorder.hasGivenUp) this.#traceEnds?.ask();
    const withinMs = this.#group.endTimeoutMs;
    await Promise.all([
      this.#hooks?.settled(withinMs),
      this.#traceEnds?.settled(withinMs),
      this.#leave(withinMs),
    ]);
  }

  /** Its workers stop, or come back with another tick. Waits until what was said of them has arrived. */
  async #leave(withinMs: number): Promise<void> {
    const { nextInMs = 0 } = this.#fetcher;
    for (const { presence, queueName } of this.#group.workers) {
      if (!this.#limits.endsWhenIdle) presence.queueNames.delete(queueName);
      else if (nextInMs > soonMs) void presence.announce(this.#group, nextInMs);
      if (presence.call !== undefined) await withTimeLimit(withinMs, presence.call);
    }
  }

  #clearStopTimers(): void {
    for (const timer of this.#stopTimers) clearTimeout(timer);
  }

  #reportShortBudget(): void {
    this.#group.onError(
      new Error(
        `The budget of ${this.#limits.budgetMs} ms was over before the store had answered: no job ` +
          "was started",
      ),
    );
  }
}
