/**
 * The fetcher of a loop: when and how much to claim of which queue, for the places that are free and
 * for those that will be; what is claimed and has not started; and which of that starts next.
 *
 * So many jobs of a queue are claimed early as start, at its present pace, within two round trips to
 * the store or within a twentieth of a second: then no place waits for the store. A job that has
 * waited for twice as long is released, so that another worker can have it.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import type { WorkerSettings } from "./options.ts";
import type { Claim, ClaimedJob, SettleAndClaimResult } from "../store/store.ts";

/** How much a loop may take. */
export interface FetchLimits {
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  /** At most this many jobs are started in all. */
  readonly maxJobs: number;
  /** Until when jobs are started, by `performance.now()`. */
  readonly endsAt: number;
}

/** A job that is claimed and has not started. */
export interface FetchedJob {
  readonly job: ClaimedJob;
  /** The answer that it came with. */
  readonly answer: ClaimAnswer;
}

/** What an answer of the store says of all jobs of one queue. */
export interface ClaimAnswer {
  /** The worker of the queue. */
  readonly settings: WorkerSettings;
  /** When the store answered, by `performance.now()`. */
  readonly answeredAt: number;
  /** Until when their leases certainly hold: counted from when the store was asked. */
  readonly leasedUntil: number;
}

/** Places that are kept for jobs that are being added. */
export interface KeptPlaces {
  /** The worker of their queue. */
  readonly settings: WorkerSettings;
  readonly count: number;
  /** Since when, by `performance.now()`. */
  readonly askedAt: number;
  /** How often the queue had been paused by then. */
  readonly pauses: number;
}

const none: readonly FetchedJob[] = [];

/** The fetcher of one loop. */
export class Fetcher {
  /** Until when jobs are claimed and started, by `performance.now()`. */
  endsAt: number;
  /** How many jobs were started. */
  startedCount = 0;
  /** How many jobs are fetched and have not started. */
  fetchedCount = 0;
  /** How many places are kept for jobs that are being added. */
  reservedCount = 0;
  /** When the store has something next, in ms: 0 when it was not asked since something changed. */
  nextInMs: number | undefined;
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

  constructor(settings: readonly WorkerSettings[], limits: FetchLimits, history: FetchHistory) {
    this.#queues = settings.map((one) => new QueueFetcher(one, history));
    this.#byName = new Map(this.#queues.map((queue) => [queue.settings.queueName, queue]));
    this.#limits = limits;
    this.endsAt = limits.endsAt;
    this.#history = history;
    this.#turn = Math.floor(Math.random() * settings.length);
    this.#sharesPlaces =
      settings.reduce((sum, one) => sum + one.concurrency, 0) > limits.concurrency;
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
    if (claims.length > 0) this.#claimsUnderWay++;
    else this.nextInMs = 0;
    this.asked(claims);
    return claims;
  }

  /** The store is asked for these now. A wake-up that comes before the answer counts. */
  asked(claims: readonly Claim[]): void {
    for (const { queueName } of claims) this.#byName.get(queueName)!.asked();
  }

  /** Whether claims for so many are about what the store can do in one call. */
  isNearLimit(claims: readonly Claim[]): boolean {
    return totalLimit(claims) >= this.#batch.nearLimit;
  }

  /** The store has answered. Returns what is not to start: its queue was paused meanwhile. */
  took(
    claims: readonly Claim[],
    result: SettleAndClaimResult,
    askedAt: number,
  ): readonly FetchedJob[] {
    const answeredAt = performance.now();
    this.#history.noteRoundTrip(answeredAt - askedAt);
    if (claims.length === 0) return none;
    this.#batch.wasDone(totalLimit(claims));
    const unwanted: FetchedJob[] = [];
    const found = new Map<string, ClaimAnswer>();
    let queue: QueueFetcher | undefined;
    let answer: ClaimAnswer | undefined;
    for (const job of result.claimed) {
      // Jobs of one queue mostly stand together.
      if (answer === undefined || queue?.settings.queueName !== job.queueName) {
        queue = this.#byName.get(job.queueName)!;
        const { settings } = queue;
        answer = found.get(job.queueName) ??
          { settings, answeredAt, leasedUntil: askedAt + settings.leaseMs };
        found.set(job.queueName, answer);
      }
      if (queue.wasPaused) unwanted.push({ job, answer });
      else this.#fetched(queue, job, answer);
    }
    this.#answered(claims, found, result.nextInMs);
    return unwanted;
  }

  /** The store could not answer. Returns whether claims for fewer are worth trying. */
  failed(claims: readonly Claim[], error: unknown): boolean {
    if (claims.length === 0) return false;
    this.#answered(claims, new Set(), claims.map(() => 0));
    return this.#batch.failed(totalLimit(claims), error);
  }

  /** Keeps places for new jobs of a queue, if so many are free. Then `tookReserved` is to be called. */
  reserve(queueName: string, count: number): KeptPlaces | undefined {
    const queue = this.#byName.get(queueName);
    if (queue === undefined || queue.count > 0 || queue.places < count || !this.#isOpen()) {
      return undefined;
    }
    if (this.#places() < count || this.#rest() < count) return undefined;
    this.#reserve(queue, count);
    this.#claimsUnderWay++;
    const { settings, pauses } = queue;
    return { settings, count, askedAt: performance.now(), pauses };
  }

  /**
   * The new jobs are stored, or could not be: these are claimed, and the places are free. Returns
   * what is not to start: its queue was paused meanwhile.
   */
  tookReserved(
    { settings, count, askedAt, pauses }: KeptPlaces,
    jobs: readonly ClaimedJob[],
  ): readonly FetchedJob[] {
    const queue = this.#byName.get(settings.queueName)!;
    this.#reserve(queue, -count);
    const answeredAt = performance.now();
    const answer = { settings, answeredAt, leasedUntil: askedAt + settings.leaseMs };
    const isPaused = queue.pauses !== pauses;
    if (!isPaused) { for (const job of jobs) this.#fetched(queue, job, answer); }
    this.#claimEnded();
    return isPaused ? jobs.map((job) => ({ job, answer })) : none;
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

  /** A job that was started is over now, by `performance.now()`: its place is free. */
  ended({ queueName }: WorkerSettings, now: number): void {
    this.#runningCount--;
    this.#byName.get(queueName)!.ended(now);
  }

  /** A job that was to start did not. */
  releasedUnstarted({ queueName }: WorkerSettings): void {
    this.#runningCount--;
    this.startedCount--;
    this.#byName.get(queueName)!.releasedUnstarted();
  }

  /** Something became ready in a queue, or in any. Returns whether it can be one of these. */
  wake(queueName: string | undefined): boolean {
    if (queueName === undefined) this.wakeAll();
    else this.#byName.get(queueName)?.wake();
    return queueName === undefined || this.#byName.has(queueName);
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

  /**
   * A queue, or without a name each of them, was paused. Takes those of its jobs that have not
   * started; what a claim brings that is under way is not to start either.
   */
  pause(queueName: string | undefined): readonly FetchedJob[] {
    const paused = this.#queues.filter(({ settings }) =>
      queueName === undefined || settings.queueName === queueName
    );
    for (const queue of paused) queue.pauses++;
    return this.#takeFrom(paused);
  }

  /** These jobs were cancelled: they do not start. */
  cancel(jobIds: readonly string[]): void {
    const cancelled = new Set(jobIds);
    for (const queue of this.#queues) this.fetchedCount -= queue.drop(cancelled);
    if (this.#claimsUnderWay > 0) { for (const id of jobIds) this.#cancelled.add(id); }
  }

  #fetched(queue: QueueFetcher, job: ClaimedJob, answer: ClaimAnswer): void {
    if (this.#cancelled.size > 0 && this.#cancelled.has(job.id)) return;
    queue.add({ job, answer });
    this.fetchedCount++;
  }

  #reserve(queue: QueueFetcher, count: number): void {
    queue.places -= count;
    this.#runningCount += count;
    this.reservedCount += count;
  }

  #claimEnded(): void {
    if (--this.#claimsUnderWay === 0) this.#cancelled.clear();
  }

  #answered(
    claims: readonly Claim[],
    found: { has(queueName: string): boolean },
    nextInMs: readonly (number | undefined)[],
  ): void {
    claims.forEach(({ queueName }, i) => {
      this.#byName.get(queueName)!.answered(found.has(queueName), nextInMs[i]);
    });
    const next = Math.min(...this.#queues.map((queue) => queue.nextInMs ?? Infinity));
    this.nextInMs = next === Infinity ? undefined : next;
    this.#claimEnded();
  }

  #claims(isAskedAnyway: boolean): readonly Claim[] {
    const queues = this.#queuesToAsk(isAskedAnyway);
    const most = Math.min(this.#rest(), this.#batch.most);
    const places = dealt(Math.min(this.#places(), most), queues.map((queue) => queue.places));
    const early = dealt(most - sum(places), queues.map((queue) => this.#roomFor(queue)));
    const last = queues.filter((_, i) => places[i]! > 0).at(-1) ??
      queues.find((_, i) => early[i]! > 0);
    if (last !== undefined) this.#goOnBehind(last);
    return queues.map(({ settings: { queueName, leaseMs, presence } }, i) => {
      const limit = places[i]! + early[i]!;
      return { queueName, limit, leaseMs, workerName: presence.name };
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
    const leftMs = this.#leftMs() - this.#history.roundTripMs;
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
    // What is claimed now would come too late. Of the first claim it is not known.
    if (this.startedCount > 0 && this.#leftMs() <= this.#history.roundTripMs) return 0;
    return this.#limits.maxJobs - this.startedCount - this.fetchedCount - this.reservedCount;
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

// After so many empty answers an idle queue is asked once per `pollMs`; before, twice as often each.
const QUICK_POLLS = 6;
// At its queue's pace a fetched job starts within so long, also where a store answers at once.
const WAIT_MS = 50;
// While one answer is under way, what the last one brought is run.
const ROUND_TRIPS_AHEAD = 2;
// A pace can be wrong, or change.
const PATIENCE = 2;
// So much of a lease is left for a job that starts, to be extended in time.
const PART_FOR_ITS_RUN = 0.5;
// A larger batch costs a store as much for each job. But while one that is far away answers, more run:
// what the quickest answer took is the way, what others took beside that is the work for their jobs.
const MOST = 1_000;
const MOST_BY_ROUND_TRIP_MS = 20;
const MOST_BY_WAY_MS = 100;
const MOST_FOR_ANY = 4_000;
// A queue shows its pace with a few jobs, and then more are fetched early step by step.
const FIRST_WINDOW = 4;
const WINDOW_GROWTH = 4;

/** The fetching for one queue: when to ask for its jobs, how many early, and those that wait. */
class QueueFetcher {
  /** The worker of this queue. */
  readonly settings: WorkerSettings;
  /** When to ask the store, by `performance.now()`. */
  pollAt: number = -Infinity;
  /** When there is a job to claim as far as is known, by `performance.now()`. */
  dueAt: number = -Infinity;
  /** When its next job is due, as the store last said. */
  nextInMs: number | undefined;
  /** How many more of its jobs could have a place, as far as this queue's own limit goes. */
  places: number;
  /** How many are fetched and have not started. */
  count = 0;
  /** How often it has been paused. */
  pauses = 0;
  readonly #pace: Pace;
  readonly #history: FetchHistory;
  readonly #firstWindow: number;
  // At most so many are fetched early: more, the more have started in time.
  #window: number;
  #startedInTime = 0;
  #emptyAnswers = 0;
  #pausesWhenAsked = 0;
  // Nothing is left where those stood that have started: they are not to outlive their attempts.
  #fetched: (FetchedJob | undefined)[] = [];
  #next = 0;

  constructor(settings: WorkerSettings, history: FetchHistory) {
    this.settings = settings;
    this.places = settings.concurrency;
    this.#pace = new Pace(settings.concurrency);
    this.#history = history;
    this.#firstWindow = Math.min(MOST, Math.max(FIRST_WINDOW, settings.concurrency));
    this.#window = this.#firstWindow;
  }

  /** When the first fetched job has waited for too long, by `performance.now()`. */
  get overdueAt(): number {
    const first = this.#fetched[this.#next];
    if (first === undefined) return Infinity;
    const { answeredAt, leasedUntil } = first.answer;
    const latest = leasedUntil - PART_FOR_ITS_RUN * this.settings.leaseMs;
    return Math.min(answeredAt + PATIENCE * this.#waitMs(), latest);
  }

  /** Whether it was paused since the store was asked for its jobs. */
  get wasPaused(): boolean {
    return this.pauses !== this.#pausesWhenAsked;
  }

  /** Something may have become ready. */
  wake(): void {
    this.pollAt = -Infinity;
    this.dueAt = -Infinity;
  }

  /** The store is being asked for its jobs. */
  asked(): void {
    this.pollAt = Infinity;
    this.dueAt = Infinity;
    this.#pausesWhenAsked = this.pauses;
  }

  /** The store has answered, or could not: then it may have a job at once. */
  answered(hasFound: boolean, nextInMs: number | undefined): void {
    const now = performance.now();
    this.#emptyAnswers = hasFound ? 0 : this.#emptyAnswers + 1;
    this.nextInMs = nextInMs;
    const pauseMs = this.settings.pollMs * Math.min(1, 2 ** (this.#emptyAnswers - QUICK_POLLS));
    const dueInMs = nextInMs ?? Infinity;
    this.dueAt = Math.min(this.dueAt, now + dueInMs);
    this.pollAt = Math.min(this.pollAt, now + Math.min(dueInMs, pauseMs));
  }

  /**
   * How many more to fetch early: none while enough are there, and no more than can start within
   * `leftMs`.
   */
  room(leftMs: number): number {
    const size = Math.min(this.#window, this.#size(Math.min(this.#waitMs(), leftMs)));
    const { count } = this;
    if (count >= size) return 0;
    // What would last for a round trip that is under way and the next one is enough.
    const enough = ROUND_TRIPS_AHEAD * this.#history.roundTripMs / this.#pace.perJobMs();
    return count > Math.max(size / 2, enough) ? 0 : size - count;
  }

  /** As `room` where it has none, for a queue whose jobs are slow, or not known yet, among others. */
  roomForNext(leftMs: number): number {
    if (this.count > 0 || Math.min(this.#waitMs(), leftMs) <= 0) return 0;
    return this.#pace.perJobMs() === Infinity ? this.#firstWindow : 1;
  }

  /** Whether it takes places from other queues in advance. */
  takesPlaces(leftMs: number): boolean {
    return this.count > 0 || this.room(leftMs) > 0;
  }

  /** A job was fetched. */
  add(fetched: FetchedJob): void {
    this.#pace.came();
    this.#fetched.push(fetched);
    this.count++;
  }

  /** Takes the first one and gives it a place. */
  start(): FetchedJob | undefined {
    const fetched = this.#fetched[this.#next];
    this.#fetched[this.#next++] = undefined;
    if (--this.count === 0) this.#clear();
    else if (this.#next === MOST_FOR_ANY) this.#startOver(this.all());
    if (++this.#startedInTime >= this.#window) {
      this.#window = Math.min(MOST_FOR_ANY, this.#window * WINDOW_GROWTH);
      this.#startedInTime = 0;
    }
    this.places--;
    return fetched;
  }

  /** One that had a place is over. */
  ended(now: number): void {
    this.#pace.ended(now);
    this.places++;
  }

  /** One that had been given a place does not start. */
  releasedUnstarted(): void {
    this.#pace.left(1);
    this.places++;
  }

  /** Those that have not started. */
  all(): readonly FetchedJob[] {
    return this.#fetched.slice(this.#next) as FetchedJob[];
  }

  /** Takes those that have not started; they are not to start here. */
  takeAll(): readonly FetchedJob[] {
    const all = this.all();
    if (all.length === 0) return all;
    this.#clear();
    this.#pace.left(all.length);
    this.#window = this.#firstWindow;
    this.#startedInTime = 0;
    return all;
  }

  /** Drops those of these that have not started. Returns how many. */
  drop(jobIds: ReadonlySet<string>): number {
    const kept = this.all().filter(({ job }) => !jobIds.has(job.id));
    const dropped = this.count - kept.length;
    this.#startOver(kept);
    this.#pace.left(dropped);
    return dropped;
  }

  /** How many start within `waitMs`. */
  #size(waitMs: number): number {
    if (waitMs <= 0) return 0;
    const perJobMs = this.#pace.perJobMs();
    const { roundTripMs: ms, quickestMs } = this.#history;
    const mostMeanwhile = Math.max(MOST_BY_ROUND_TRIP_MS * ms, MOST_BY_WAY_MS * quickestMs);
    const most = Math.min(MOST_FOR_ANY, Math.max(MOST, Math.floor(mostMeanwhile)));
    const quick = Math.floor(waitMs / perJobMs);
    if (quick >= Math.min(this.settings.concurrency, most)) return Math.min(most, quick);
    // Fewer than run at once: another worker can have them, but for those that would leave a place
    // empty while the store answers.
    return Math.floor(Math.min(waitMs, ROUND_TRIPS_AHEAD * ms) / perJobMs);
  }

  /** How long a job may wait for its place: it is to start while enough of its lease is left. */
  #waitMs(): number {
    const { roundTripMs: ms } = this.#history;
    const mostMs = (1 - PART_FOR_ITS_RUN) * this.settings.leaseMs - ms;
    return Math.max(0, Math.min(Math.max(WAIT_MS, ROUND_TRIPS_AHEAD * ms), mostMs / PATIENCE));
  }

  #clear(): void {
    this.#startOver([]);
  }

  #startOver(fetched: readonly FetchedJob[]): void {
    this.#fetched = [...fetched];
    this.#next = 0;
    this.count = fetched.length;
  }
}

/**
 * How fast the claimed jobs of one queue get done here, whatever makes them slow or fast: their own
 * time, how many run at once, other queues in the same places, a busy processor. It is the time from
 * one end of an attempt to the next, while there is a job to run.
 */
class Pace {
  readonly #concurrency: number;
  readonly #memory: number;
  #present = 0;
  #busySince = 0;
  #lastEndAt = 0;
  #busyMs = 0;
  #ended = 0;

  /** `concurrency` is how many may run at once: as many can end in one moment after a long wait. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#memory = 60 + 4 * concurrency;
  }

  /** A claimed job is there, whether or not it has a place yet. */
  came(): void {
    if (this.#present++ > 0) return;
    this.#busySince = performance.now();
    this.#lastEndAt = this.#busySince;
  }

  /** So many are gone without having been started. */
  left(count: number): void {
    this.#countBusyTime(performance.now());
    this.#present -= count;
  }

  /** An attempt is over. */
  ended(now: number): void {
    this.#countBusyTime(now);
    this.#lastEndAt = now;
    this.#present--;
    if (++this.#ended < this.#memory) return;
    // What is long past counts less and less.
    this.#ended /= 2;
    this.#busyMs /= 2;
  }

  /** The time for each of the latest jobs, in ms; `Infinity` before the first one has ended. */
  perJobMs(): number {
    if (this.#ended === 0) return Infinity;
    const perJobMs = this.#busyMs / this.#ended;
    if (this.#present === 0) return perJobMs;
    // That none ends for a while shows sooner than any ratio that jobs have become slower. But as many
    // as run at once can end together.
    const atOnce = Math.min(this.#present, this.#concurrency);
    return Math.max(perJobMs, (performance.now() - this.#lastEndAt) / atOnce);
  }

  #countBusyTime(now: number): void {
    if (this.#present > 0) this.#busyMs += now - this.#busySince;
    this.#busySince = now;
  }
}

// How much the latest answer counts.
const WEIGHT = 0.25;
// A claim's answer, an extension and an outcome that waits behind another round trip all fit into it.
const LEASE_IN_ROUND_TRIPS = 4;
// Timers and a busy processor make an answer this much later than the store gave it.
const SLACK_MS = 5;
const SLACK = 0.02;

/**
 * What the loops of one worker, or of one pool, keep from one to the next: which queue is first, and
 * how long round trips to the store take, whatever is far, slow or busy in between.
 */
export class FetchHistory {
  /** The index of the queue that is first to be asked. */
  firstQueue: number;
  /** How long a round trip takes at present, in ms; 0 before the first answer. */
  roundTripMs = 0;
  /** How long the quickest one took, in ms; 0 before the first answer. */
  quickestMs = 0;
  readonly #unwarned: Set<WorkerSettings>;
  #lastMs: number | undefined;

  constructor(settings: readonly WorkerSettings[]) {
    // Where each tick makes a pool of its own, chance lets each queue come first as often as another.
    this.firstQueue = Math.floor(Math.random() * settings.length);
    this.#unwarned = new Set(settings);
  }

  /** The store has answered. Warns a worker once whose lease is too short for such answers. */
  noteRoundTrip(tookMs: number): void {
    this.roundTripMs = this.#lastMs === undefined
      ? tookMs
      : this.roundTripMs + WEIGHT * (tookMs - this.roundTripMs);
    this.quickestMs = this.#lastMs === undefined ? tookMs : Math.min(tookMs, this.quickestMs);
    // One slow answer is an accident, two in a row are not.
    const confirmedMs = Math.min(tookMs, this.#lastMs ?? 0) * (1 - SLACK) - SLACK_MS;
    this.#lastMs = tookMs;
    for (const settings of this.#unwarned) {
      if (settings.leaseMs >= LEASE_IN_ROUND_TRIPS * confirmedMs) continue;
      this.#unwarned.delete(settings);
      settings.onError(tooShort(settings, tookMs));
    }
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

function totalLimit(claims: readonly Claim[]): number {
  return sum(claims.map(({ limit }) => limit));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function tooShort({ queueName, leaseMs }: WorkerSettings, tookMs: number): Error {
  return new Error(
    `The lease of ${leaseMs} ms is too short for this store, which took ${Math.round(tookMs)} ms ` +
      `to answer: expected at least ${LEASE_IN_ROUND_TRIPS} times that for the jobs of ${queueName}`,
  );
}
