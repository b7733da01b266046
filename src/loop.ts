/**
 * The cooperative loop behind every worker: one exchange with the store at a time records what has
 * ended and claims what can start. While an exchange is under way, outcomes gather for the next, so
 * batches grow with the load by themselves.
 *
 * @module
 */
import { Attempts, type Finished } from "./attempts.ts";
import { backoffDelay } from "./backoff.ts";
import { JobCancelledError } from "./errors.ts";
import { extendLeases } from "./heartbeat.ts";
import { HookCalls } from "./hook_calls.ts";
import { cancelEvent, outcomeEvents } from "./lifecycle.ts";
import type { Claim, LeaseState, Store, TurnResult } from "./store.ts";
import { Tally } from "./tally.ts";
import { doUpkeep, upkeepDueAt } from "./upkeep.ts";
import { Waiting } from "./waiting.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** How far a loop goes. */
export interface LoopLimits {
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  /** At most this many jobs are claimed in all. */
  readonly maxJobs: number;
  /** No job is claimed after this long. */
  readonly budgetMs: number;
  /** Whether the loop ends when nothing is ready and nothing runs. */
  readonly endsWhenIdle: boolean;
}

// How often a tick asks a failing store before it gives up; a run never does.
const TICK_TRIES = 3;
// After so many empty answers an idle store is asked at its own pace; before, twice as often each.
const QUICK_ASKS = 6;
const STORE_BACKOFF = { type: "exponential", delayMs: 100, maxMs: 10_000 } as const;

/** One run or one tick over the queues of one store. */
export class Loop {
  readonly tally: Tally = new Tally();
  /** When the store has something next, in ms, as it last said. */
  nextInMs: number | undefined;
  readonly #store: Store;
  readonly #settings: ReadonlyMap<string, WorkerSettings>;
  readonly #limits: LoopLimits;
  readonly #waiting: Waiting = new Waiting();
  readonly #pause: Waiting = new Waiting();
  readonly #hooks: HookCalls = new HookCalls();
  readonly #attempts: Attempts = new Attempts(this.#hooks, this.tally, () => this.#waiting.wake());
  readonly #budgetEndsAt: number;
  #claimedCount = 0;
  #rotation = 0;
  #askAt = -Infinity;
  #emptyAsks = 0;
  #storeErrors = 0;
  #isStopping = false;
  #giveUpAt = Infinity;
  #handBackTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: readonly WorkerSettings[], limits: LoopLimits) {
    this.#store = settings[0]!.source.store;
    this.#settings = new Map(settings.map((one) => [one.queueName, one]));
    this.#limits = limits;
    this.#budgetEndsAt = performance.now() + limits.budgetMs;
  }

  /** Works until the limits are reached or, without limits, until it is stopped. */
  async work(): Promise<void> {
    const settings = [...this.#settings.values()];
    const stopListening = this.#store.onReady?.((queueName) => {
      if (this.#settings.has(queueName)) this.#ask();
    });
    const beatMs = Math.min(...settings.map(({ leaseMs }) => leaseMs)) / 3;
    const heartbeat = setInterval(() => this.#extendLeases(), beatMs);
    try {
      while (!this.#isOver()) {
        if (upkeepDueAt(this.#store, settings) <= performance.now()) await this.#upkeep();
        if (this.#isTurnDue()) await this.#turn();
        else await this.#waiting.sleep(this.#dueAt() - performance.now());
      }
    } finally {
      clearInterval(heartbeat);
      clearTimeout(this.#handBackTimer);
      stopListening?.();
      this.#attempts.handBack();
      await this.#hooks.settled(this.#endTimeoutMs());
    }
  }

  /** Claims no more. Jobs that still run after `timeoutMs` are handed back. */
  stop(timeoutMs: number): void {
    const giveUpAt = performance.now() + timeoutMs + this.#endTimeoutMs();
    // Asked twice, the sooner end holds.
    if (giveUpAt >= this.#giveUpAt) return;
    this.#isStopping = true;
    this.#giveUpAt = giveUpAt;
    clearTimeout(this.#handBackTimer);
    this.#handBackTimer = setTimeout(() => this.#attempts.handBack(), timeoutMs);
    this.#waiting.wake();
    this.#pause.wake();
  }

  /** Records what has ended and claims what can start. */
  async #turn(): Promise<void> {
    const finished = this.#attempts.takeFinished();
    const claims = this.#claims();
    const askedAt = performance.now();
    let result: TurnResult;
    try {
      const settlements = finished.map(({ settlement }) => settlement);
      result = await this.#store.exchange({ settlements, claims });
    } catch (error) {
      this.#attempts.putBack(finished);
      return this.#storeFailed(error);
    }
    this.#storeErrors = 0;
    finished.forEach((one, i) => this.#recorded(one, result.settled[i]!));
    if (claims.length > 0) this.#asked(result);
    for (const job of result.claimed) this.#start(job, askedAt);
  }

  async #upkeep(): Promise<void> {
    if (await doUpkeep(this.#store, this.#settings, this.#hooks)) this.#ask();
  }

  #start(job: TurnResult["claimed"][number], askedAt: number): void {
    const settings = this.#settings.get(job.queueName)!;
    this.#claimedCount++;
    // The stop may have come while the claim was under way.
    if (this.#isStopping) this.#attempts.decline(job, settings);
    else this.#attempts.start(job, settings, askedAt);
  }

  /** Hooks hear of an outcome only now that it is recorded. */
  #recorded({ job, settings, settlement, outcome }: Finished, state: LeaseState): void {
    const { change, runMs } = settlement;
    if (state === "held") {
      this.tally.add(change.to);
      for (const event of outcomeEvents(job, { outcome, runMs }, change)) {
        this.#hooks.tell(settings, event);
      }
    } else if (state === "cancelled") {
      this.tally.add("cancelled");
      const error = new JobCancelledError("The job was cancelled before its outcome was recorded");
      this.#hooks.tell(settings, cancelEvent(job, error, runMs));
    } else {
      this.tally.add("lost");
    }
  }

  /** What each queue can take; where queues share a limit, each in turn has the first part. */
  #claims(): readonly Claim[] {
    if (!this.#mayClaim()) return [];
    let room = this.#room();
    const settings = [...this.#settings.values()];
    const first = this.#rotation++ % settings.length;
    const inTurn = [...settings.slice(first), ...settings.slice(0, first)];
    return inTurn.flatMap((one, i) => {
      const part = Math.ceil(room / (inTurn.length - i));
      const limit = Math.min(part, one.concurrency - this.#attempts.runningFor(one));
      if (limit <= 0) return [];
      room -= limit;
      return [{ queueName: one.queueName, limit, leaseMs: one.leaseMs }];
    });
  }

  #room(): number {
    const { concurrency, maxJobs } = this.#limits;
    return Math.min(concurrency - this.#attempts.running.size, maxJobs - this.#claimedCount);
  }

  #mayClaim(): boolean {
    return !this.#isStopping && this.#room() > 0 && performance.now() < this.#budgetEndsAt;
  }

  #isTurnDue(): boolean {
    return this.#attempts.finishedCount > 0 ||
      (this.#mayClaim() && this.#askAt <= performance.now());
  }

  #isOver(): boolean {
    if (performance.now() >= this.#giveUpAt) return this.#giveUp();
    if (this.#attempts.running.size > 0 || this.#attempts.finishedCount > 0) return false;
    if (this.#isStopping || !this.#mayClaim()) return this.#isStopping || this.#limits.endsWhenIdle;
    return this.#limits.endsWhenIdle && this.#askAt > performance.now();
  }

  /** When the loop must look up again unless it is woken before. */
  #dueAt(): number {
    // An interval of zero means every turn, not a loop without a pause.
    const soon = performance.now() + 1;
    const upkeepAt = Math.max(soon, upkeepDueAt(this.#store, [...this.#settings.values()]));
    return Math.min(this.#mayClaim() ? this.#askAt : Infinity, upkeepAt, this.#giveUpAt);
  }

  #ask(): void {
    this.#askAt = -Infinity;
    this.#waiting.wake();
  }

  /** Work often comes in bursts: a queue that was just busy is asked again soon, an idle one rarely. */
  #asked({ claimed, nextInMs }: TurnResult): void {
    const pollMs = Math.min(...[...this.#settings.values()].map((one) => one.pollMs));
    this.#emptyAsks = claimed.length > 0 ? 0 : this.#emptyAsks + 1;
    const patienceMs = pollMs * Math.min(1, 2 ** (this.#emptyAsks - QUICK_ASKS));
    this.nextInMs = nextInMs;
    this.#askAt = performance.now() + Math.min(nextInMs ?? Infinity, patienceMs);
  }

  #extendLeases(): void {
    const [first] = this.#settings.values();
    void extendLeases(this.#store, this.#attempts.running, first!.onError);
  }

  async #storeFailed(error: unknown): Promise<void> {
    this.#storeErrors++;
    if (this.#limits.endsWhenIdle && this.#storeErrors >= TICK_TRIES) throw error;
    const [first] = this.#settings.values();
    first!.onError(error);
    const delayMs = backoffDelay(STORE_BACKOFF, this.#storeErrors, error);
    await this.#pause.sleep(this.#isStopping ? Math.min(delayMs, 500) : delayMs);
  }

  #endTimeoutMs(): number {
    return Math.max(...[...this.#settings.values()].map((one) => one.endTimeoutMs));
  }

  /** The last outcomes have been offered to a failing store long enough. */
  #giveUp(): true {
    const [first] = this.#settings.values();
    const count = this.#attempts.finishedCount;
    if (count > 0) {
      first!.onError(
        new Error(
          `${count} outcomes could not be recorded; these jobs run again after their lease`,
        ),
      );
    }
    return true;
  }
}
