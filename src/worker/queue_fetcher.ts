/**
 * The fetching for one queue: when to ask the store for its jobs, how many to claim before there is a
 * place for them, and those that are claimed and have not started.
 *
 * So many are claimed early as start, at the present pace, within two round trips to the store or
 * within a twentieth of a second: then no place waits for the store. A job that has waited for twice
 * as long is released, so that another worker can have it.
 *
 * @module
 */
import type { WorkerSettings } from "./options.ts";
import type { RoundTripTime } from "./round_trip_time.ts";
import type { ClaimedJob } from "../store/store.ts";

/** A job that is claimed and has not started. */
export interface FetchedJob {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  /** When the store answered, by `performance.now()`. */
  readonly answeredAt: number;
  /** Until when its lease surely holds: counted from when the store was asked. */
  readonly leasedUntil: number;
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
// A larger batch costs a store as much for each job. But while one that is far away answers, more run.
const MOST = 1_000;
const MOST_BY_ROUND_TRIP_MS = 20;
const MOST_FOR_ANY = 3_000;
// A queue shows its pace with a few jobs, and then more are fetched early step by step.
const FIRST_WINDOW = 4;
const WINDOW_GROWTH = 4;

/** What one loop knows of one queue, and has of its jobs. */
export class QueueFetcher {
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
  readonly #pace: Pace;
  readonly #roundTrip: RoundTripTime;
  readonly #firstWindow: number;
  // At most so many are fetched early: more, the more have started in time.
  #window: number;
  #startedInTime = 0;
  #emptyAnswers = 0;
  #fetched: FetchedJob[] = [];
  #next = 0;

  constructor(settings: WorkerSettings, roundTrip: RoundTripTime) {
    this.settings = settings;
    this.places = settings.concurrency;
    this.#pace = new Pace(settings.concurrency);
    this.#roundTrip = roundTrip;
    this.#firstWindow = Math.min(MOST, Math.max(FIRST_WINDOW, settings.concurrency));
    this.#window = this.#firstWindow;
  }

  /** When the first fetched job has waited for too long, by `performance.now()`. */
  get overdueAt(): number {
    const first = this.#fetched[this.#next];
    if (first === undefined) return Infinity;
    const latest = first.leasedUntil - PART_FOR_ITS_RUN * this.settings.leaseMs;
    return Math.min(first.answeredAt + PATIENCE * this.#waitMs(), latest);
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
    const enough = ROUND_TRIPS_AHEAD * this.#roundTrip.ms / this.#pace.perJobMs();
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
    const fetched = this.#fetched[this.#next++];
    if (--this.count === 0) this.#clear();
    if (++this.#startedInTime >= this.#window) {
      this.#window = Math.min(MOST_FOR_ANY, this.#window * WINDOW_GROWTH);
      this.#startedInTime = 0;
    }
    this.places--;
    return fetched;
  }

  /** One that had a place is over. */
  ended(): void {
    this.#pace.ended();
    this.places++;
  }

  /** One that had been given a place does not start. */
  releasedUnstarted(): void {
    this.#pace.left(1);
    this.places++;
  }

  /** Those that have not started. */
  all(): readonly FetchedJob[] {
    return this.#fetched.slice(this.#next);
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
    this.#fetched = kept;
    this.#next = 0;
    this.count = kept.length;
    this.#pace.left(dropped);
    return dropped;
  }

  /** How many start within `waitMs`. */
  #size(waitMs: number): number {
    if (waitMs <= 0) return 0;
    const perJobMs = this.#pace.perJobMs();
    const { ms } = this.#roundTrip;
    const mostByRoundTrip = Math.floor(MOST_BY_ROUND_TRIP_MS * ms);
    const most = Math.min(MOST_FOR_ANY, Math.max(MOST, mostByRoundTrip));
    const quick = Math.floor(waitMs / perJobMs);
    if (quick >= Math.min(this.settings.concurrency, most)) return Math.min(most, quick);
    // Fewer than run at once: another worker can have them, but for those that would leave a place
    // empty while the store answers.
    return Math.floor(Math.min(waitMs, ROUND_TRIPS_AHEAD * ms) / perJobMs);
  }

  /** How long a job may wait for its place: it is to start while enough of its lease is left. */
  #waitMs(): number {
    const { ms } = this.#roundTrip;
    const mostMs = (1 - PART_FOR_ITS_RUN) * this.settings.leaseMs - ms;
    return Math.max(0, Math.min(Math.max(WAIT_MS, ROUND_TRIPS_AHEAD * ms), mostMs / PATIENCE));
  }

  #clear(): void {
    this.#fetched = [];
    this.#next = 0;
    this.count = 0;
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
  ended(): void {
    const now = performance.now();
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
    // That none ends for a while tells sooner than any ratio that jobs have become slower. But as many
    // as run at once can end together.
    const atOnce = Math.min(this.#present, this.#concurrency);
    return Math.max(perJobMs, (performance.now() - this.#lastEndAt) / atOnce);
  }

  #countBusyTime(now: number): void {
    if (this.#present > 0) this.#busyMs += now - this.#busySince;
    this.#busySince = now;
  }
}
