/**
 * The fetcher of a loop: when and how much to claim of which queue, for the places that are free and
 * for those that will be; what is claimed and has not started; and which of that starts next.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import type { WorkerSettings } from "./options.ts";
import { type FetchedJob, QueueFetcher } from "./queue_fetcher.ts";
import type { RoundTripTime } from "./round_trip_time.ts";
import type { Claim, SettleAndClaimResult } from "../store/store.ts";

/** How much a loop may take. */
export interface FetchLimits {
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  /** At most this many jobs are started in all. */
  readonly maxJobs: number;
  /** Until when jobs are started, by `performance.now()`. */
  readonly endsAt: number;
}

/** What the loops of one worker, or of one pool, keep from one to the next. */
export interface FetchHistory {
  /** The index of the queue that is first to be asked. */
  firstQueue: number;
  /** How long the store takes to answer. */
  readonly roundTrip: RoundTripTime;
}

/** The fetcher of one loop. */
export class Fetcher {
  /** Until when jobs are claimed and started, by `performance.now()`. */
  endsAt: number;
  /** How many jobs were started. */
  startedCount = 0;
  /** How many jobs are fetched and have not started. */
  fetchedCount = 0;
  readonly #queues: readonly QueueFetcher[];
  readonly #byName: ReadonlyMap<string, QueueFetcher>;
  readonly #limits: FetchLimits;
  readonly #history: FetchHistory;
  // Whether the queues have fewer places together than each for itself.
  readonly #sharesPlaces: boolean;
  readonly #batch: BatchSize = new BatchSize();
  // Jobs that were cancelled while a claim is under way: it may have claimed them before.
  readonly #cancelled = new Set<string>();
  #claimsUnderWay = 0;
  #runningCount = 0;
  #turn: number;
  #hasUnclaimed = false;

  constructor(settings: readonly WorkerSettings[], limits: FetchLimits, history: FetchHistory) {
    this.#queues = settings.map((one) => new QueueFetcher(one, history.roundTrip));
    this.#byName = new Map(this.#queues.map((queue) => [queue.settings.queueName, queue]));
    this.#limits = limits;
    this.endsAt = limits.endsAt;
    this.#history = history;
    this.#turn = Math.floor(Math.random() * settings.length);
    this.#sharesPlaces =
      settings.reduce((sum, one) => sum + one.concurrency, 0) > limits.concurrency;
  }

  /** When the store has something next, in ms: 0 when it was not asked since something changed. */
  get nextInMs(): number | undefined {
    if (this.#hasUnclaimed) return 0;
    let next: number | undefined;
    for (const { nextInMs } of this.#queues) {
      if (nextInMs !== undefined) next = Math.min(next ?? Infinity, nextInMs);
    }
    return next;
  }

  /** Claims and starts nothing from now on. */
  close(): void {
    this.endsAt = -Infinity;
  }

  /** When to claim or to release something, by `performance.now()`. */
  nextAt(): number {
    return Math.min(this.claimAt(), this.overdueAt());
  }

  /** When to claim something, by `performance.now()`. */
  claimAt(): number {
    return this.#earliest((queue) => queue.pollAt);
  }

  /** When there is a job to claim as far as is known, however often the store is asked. */
  dueAt(): number {
    return this.#earliest((queue) => queue.dueAt);
  }

  /** When the first fetched job has waited for too long, by `performance.now()`. */
  overdueAt(): number {
    let at = Infinity;
    if (this.fetchedCount > 0) {
      for (const queue of this.#queues) at = Math.min(at, queue.overdueAt);
    }
    return at;
  }

  /**
   * What each queue can take: those that are to be asked, or all when the store is asked anyway. None
   * when nothing may be started. `took` or `failed` is to be called with them.
   */
  claims(isAskedAnyway: boolean): readonly Claim[] {
    const claims = this.#isOpen() ? this.#claims(isAskedAnyway) : [];
    this.#hasUnclaimed = claims.length === 0;
    if (!this.#hasUnclaimed) this.#claimsUnderWay++;
    // A wake-up that comes before the answer counts.
    for (const { queueName } of claims) this.#byName.get(queueName)!.asked();
    return claims;
  }

  /** Whether claims for so many are about what the store can do in one call. */
  isNearLimit(claims: readonly Claim[]): boolean {
    return this.#batch.isNearLimit(sizeOf(claims));
  }

  /** The store has answered. */
  took(claims: readonly Claim[], result: SettleAndClaimResult, askedAt: number): void {
    const answeredAt = performance.now();
    this.#history.roundTrip.note(answeredAt - askedAt);
    if (claims.length === 0) return;
    this.#batch.wasDone(sizeOf(claims));
    const found = new Set<string>();
    for (const job of result.claimed) {
      found.add(job.queueName);
      if (this.#cancelled.has(job.id)) continue;
      const queue = this.#byName.get(job.queueName)!;
      const { settings } = queue;
      queue.add({ job, settings, answeredAt, leasedUntil: askedAt + settings.leaseMs });
      this.fetchedCount++;
    }
    this.#answered(claims, found, result.nextInMs);
  }

  /** The store could not answer. Returns whether claims for fewer are worth trying. */
  failed(claims: readonly Claim[], error: unknown): boolean {
    if (claims.length === 0) return false;
    this.#answered(claims, new Set(), claims.map(() => 0));
    return this.#batch.failed(sizeOf(claims), error);
  }

  /** Takes the next job that has a place, and gives it that; of several queues each in turn. */
  start(): FetchedJob | undefined {
    if (this.fetchedCount === 0 || this.#places() <= 0) return undefined;
    for (let tries = 0; tries < this.#queues.length; tries++) {
      const queue = this.#queues[this.#turn++ % this.#queues.length]!;
      if (queue.count === 0 || queue.places <= 0) continue;
      this.fetchedCount--;
      this.startedCount++;
      this.#runningCount++;
      return queue.start();
    }
    return undefined;
  }

  /** A job that was started is over: its place is free. */
  ended({ queueName }: WorkerSettings): void {
    this.#runningCount--;
    this.#byName.get(queueName)!.ended();
  }

  /** A job that was to start did not. */
  releasedUnstarted({ queueName }: WorkerSettings): void {
    this.#runningCount--;
    this.startedCount--;
    this.#byName.get(queueName)!.releasedUnstarted();
  }

  /** Something became ready in a queue. Returns whether it is one of these. */
  wake(queueName: string): boolean {
    const queue = this.#byName.get(queueName);
    queue?.wake();
    return queue !== undefined;
  }

  /** Something may have become ready in any queue. */
  wakeAll(): void {
    for (const queue of this.#queues) queue.wake();
  }

  /** The jobs that are fetched and have not started. */
  fetched(): readonly FetchedJob[] {
    return this.#queues.flatMap((queue) => queue.all());
  }

  /** Takes all of them; they are not to start here. */
  takeAll(): readonly FetchedJob[] {
    return this.fetchedCount === 0 ? [] : this.#takeFrom(this.#queues);
  }

  /** Takes those of each queue whose first has waited for too long. */
  takeOverdue(): readonly FetchedJob[] {
    const now = performance.now();
    return this.#takeFrom(this.#queues.filter((queue) => queue.overdueAt <= now));
  }

  /** These jobs were cancelled: they do not start. */
  cancel(jobIds: readonly string[]): void {
    const cancelled = new Set(jobIds);
    for (const queue of this.#queues) this.fetchedCount -= queue.drop(cancelled);
    if (this.#claimsUnderWay > 0) { for (const id of jobIds) this.#cancelled.add(id); }
  }

  #answered(
    claims: readonly Claim[],
    found: ReadonlySet<string>,
    nextInMs: readonly (number | undefined)[],
  ): void {
    claims.forEach(({ queueName }, i) => {
      this.#byName.get(queueName)!.answered(found.has(queueName), nextInMs[i]);
    });
    if (--this.#claimsUnderWay === 0) this.#cancelled.clear();
  }

  #claims(isAskedAnyway: boolean): readonly Claim[] {
    const queues = this.#queuesToAsk(isAskedAnyway);
    const most = Math.min(this.#rest(), this.#batch.most);
    const places = dealt(Math.min(this.#places(), most), queues.map((queue) => queue.places));
    const early = dealt(most - sum(places), queues.map((queue) => this.#roomFor(queue)));
    const last = queues.filter((_, i) => places[i]! > 0).at(-1) ??
      queues.find((_, i) => early[i]! > 0);
    if (last !== undefined) this.#goOnBehind(last);
    return queues.map(({ settings: { queueName, leaseMs } }, i) => {
      return { queueName, limit: places[i]! + early[i]!, leaseMs };
    }).filter(({ limit }) => limit > 0);
  }

  /** From the one whose turn it is: those whose time has come, and then the others if they may. */
  #queuesToAsk(isAskedAnyway: boolean): readonly QueueFetcher[] {
    const now = performance.now();
    const { firstQueue } = this.#history;
    const inTurn = [...this.#queues.slice(firstQueue), ...this.#queues.slice(0, firstQueue)]
      .filter((queue) => this.#canTake(queue));
    const due = inTurn.filter(({ pollAt }) => pollAt <= now);
    return isAskedAnyway ? [...due, ...inTurn.filter(({ pollAt }) => pollAt > now)] : due;
  }

  /** Each queue is to come first as often as any other, also where each tick makes a pool of its own. */
  #goOnBehind(queue: QueueFetcher): void {
    this.#history.firstQueue = (this.#queues.indexOf(queue) + 1) % this.#queues.length;
  }

  #canTake(queue: QueueFetcher): boolean {
    return (queue.places > 0 && this.#places() > 0) || this.#roomFor(queue) > 0;
  }

  /** How many more jobs of a queue to claim before there is a place for them. */
  #roomFor(queue: QueueFetcher): number {
    const leftMs = this.#leftMs() - this.#history.roundTrip.ms;
    const room = queue.room(leftMs);
    if (room > 0 || !this.#sharesPlaces || queue.places <= 0) return room;
    const hasOthers = this.#queues.some((one) => one !== queue && one.takesPlaces(leftMs));
    return hasOthers ? queue.roomForNext(leftMs) : room;
  }

  #earliest(timeOf: (queue: QueueFetcher) => number): number {
    if (!this.#isOpen() || this.#rest() <= 0) return Infinity;
    let at = Infinity;
    for (const queue of this.#queues) {
      if (timeOf(queue) < at && this.#canTake(queue)) at = timeOf(queue);
    }
    return at;
  }

  #isOpen(): boolean {
    return performance.now() < this.endsAt;
  }

  /** How many places are free, as far as the loop's limits go. */
  #places(): number {
    const { concurrency, maxJobs } = this.#limits;
    return Math.min(concurrency - this.#runningCount, maxJobs - this.startedCount);
  }

  /** How many more jobs may be claimed at all. */
  #rest(): number {
    // What is claimed now would come too late. Of the first claim nobody can know.
    if (this.startedCount > 0 && this.#leftMs() <= this.#history.roundTrip.ms) return 0;
    return this.#limits.maxJobs - this.startedCount - this.fetchedCount;
  }

  #leftMs(): number {
    return this.endsAt - performance.now();
  }

  #takeFrom(queues: readonly QueueFetcher[]): readonly FetchedJob[] {
    const taken = queues.flatMap((queue) => queue.takeAll());
    this.fetchedCount -= taken.length;
    return taken;
  }
}

/** Deals out `count` among those who can take so many each, as evenly as can be, the first first. */
function dealt(count: number, limits: readonly number[]): readonly number[] {
  const shares = limits.map(() => 0);
  let left = count;
  let open = limits.map((_, i) => i).filter((i) => limits[i]! > 0);
  while (left > 0 && open.length > 0) {
    open.forEach((i, n) => {
      const share = Math.min(Math.ceil(left / (open.length - n)), limits[i]! - shares[i]!);
      shares[i]! += share;
      left -= share;
    });
    open = open.filter((i) => shares[i]! < limits[i]!);
  }
  return shares;
}

function sizeOf(claims: readonly Claim[]): number {
  return sum(claims.map(({ limit }) => limit));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
