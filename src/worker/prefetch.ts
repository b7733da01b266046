/**
 * Jobs that are claimed before there is a place for them, so that no place waits for the store: as
 * many as start by the pace of late within two answers of the store, or within a twentieth of a
 * second. A job that has waited for twice as long is released, so that another worker can have it.
 *
 * @module
 */
import { Pace } from "./pace.ts";
import type { RoundTrip } from "./round_trip.ts";
import type { ClaimedJob } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** A claimed job without a place. */
export interface Held {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  /** When the store answered, by `performance.now()`. */
  readonly answeredAt: number;
  /** Until when its lease surely holds: counted from when the store was asked. */
  readonly leasedUntil: number;
}

// By its queue's pace a held job starts within so long, also where a store answers at once.
const HELD_MS = 50;
// While one answer is under way, what the last one brought is run.
const ANSWERS_HELD = 2;
// A pace can be wrong, or change.
const PATIENCE = 2;
// So much of a lease is left for a job that starts, to be extended in time.
const PART_FOR_ITS_RUN = 0.5;
// A larger batch costs a store as much for each job. But while one that is far away answers, more run.
const MOST = 1_000;
const MOST_BY_ANSWER_MS = 20;
const MOST_FOR_ANY = 3_000;
// A queue shows its pace with a few jobs, and then holds more step by step.
const FIRST_WINDOW = 4;
const WINDOW_GROWTH = 4;

/** The jobs that one loop holds. */
export class Prefetch {
  readonly #lines: readonly Line[];
  readonly #byQueue: ReadonlyMap<WorkerSettings, Line>;
  #count = 0;
  #turn: number;

  constructor(settings: readonly WorkerSettings[], roundTrip: RoundTrip) {
    this.#lines = settings.map((one) => new Line(one, roundTrip));
    this.#byQueue = new Map(this.#lines.map((line) => [line.settings, line]));
    this.#turn = Math.floor(Math.random() * settings.length);
  }

  /** How many are held. */
  get count(): number {
    return this.#count;
  }

  /**
   * How many more of a queue to claim: none while enough is there, and no more than can start within
   * `leftMs`.
   */
  roomFor(settings: WorkerSettings, leftMs: number): number {
    return this.#byQueue.get(settings)!.room(leftMs);
  }

  /** As `roomFor`, for a queue that shares its places with the jobs that others hold, or will. */
  roomBesideOthers(settings: WorkerSettings, leftMs: number): number {
    const room = this.roomFor(settings, leftMs);
    if (
      room > 0 || !this.#lines.some((one) => one.settings !== settings && one.isHolding(leftMs))
    ) {
      return room;
    }
    return this.#byQueue.get(settings)!.roomForNext(leftMs);
  }

  /** Holds a job behind the others of its queue. */
  add(held: Held): void {
    this.#count++;
    this.#byQueue.get(held.settings)!.add(held);
  }

  /** An attempt of a job that was held is over. */
  ended(settings: WorkerSettings): void {
    this.#byQueue.get(settings)!.pace.ended();
  }

  /** One that was taken is not started. */
  released(settings: WorkerSettings): void {
    this.#byQueue.get(settings)!.pace.left(1);
  }

  /** Takes the first job of a queue that has a place for it; of several queues each in turn. */
  take(hasPlace: (settings: WorkerSettings) => boolean): Held | undefined {
    for (let tries = 0; this.#count > 0 && tries < this.#lines.length; tries++) {
      const line = this.#lines[this.#turn++ % this.#lines.length]!;
      if (line.count === 0 || !hasPlace(line.settings)) continue;
      this.#count--;
      return line.take();
    }
    return undefined;
  }

  /** All that are held. */
  all(): readonly Held[] {
    return this.#lines.flatMap((line) => line.all());
  }

  /** Removes the jobs that are held among these. */
  remove(jobIds: ReadonlySet<string>): void {
    for (const line of this.#lines) this.#count -= line.remove(jobIds);
  }

  /** Takes all jobs. */
  takeAll(): readonly Held[] {
    return this.#takeFrom(this.#lines);
  }

  /** Takes the jobs of each queue whose first has waited for too long. */
  takeOverdue(): readonly Held[] {
    const now = performance.now();
    return this.#takeFrom(this.#lines.filter((line) => line.overdueAt <= now));
  }

  /** When the first job has waited for too long, by `performance.now()`. */
  overdueAt(): number {
    let at = Infinity;
    if (this.#count > 0) { for (const line of this.#lines) at = Math.min(at, line.overdueAt); }
    return at;
  }

  #takeFrom(lines: readonly Line[]): readonly Held[] {
    const taken = lines.flatMap((line) => line.takeAll());
    this.#count -= taken.length;
    return taken;
  }
}

/** The held jobs of one queue, and its pace. */
class Line {
  readonly settings: WorkerSettings;
  readonly pace: Pace;
  readonly #roundTrip: RoundTrip;
  readonly #firstWindow: number;
  // At most so many are held: more, the more have started in time.
  #window: number;
  #startedInTime = 0;
  #held: Held[] = [];
  #next = 0;

  constructor(settings: WorkerSettings, roundTrip: RoundTrip) {
    this.settings = settings;
    this.pace = new Pace(settings.concurrency);
    this.#roundTrip = roundTrip;
    this.#firstWindow = Math.min(MOST, Math.max(FIRST_WINDOW, settings.concurrency));
    this.#window = this.#firstWindow;
  }

  get count(): number {
    return this.#held.length - this.#next;
  }

  get overdueAt(): number {
    const first = this.#held[this.#next];
    if (first === undefined) return Infinity;
    const latest = first.leasedUntil - PART_FOR_ITS_RUN * this.settings.leaseMs;
    return Math.min(first.answeredAt + PATIENCE * this.#heldMs(), latest);
  }

  /** Whether it takes places from others in advance. */
  isHolding(leftMs: number): boolean {
    return this.count > 0 || this.room(leftMs) > 0;
  }

  room(leftMs: number): number {
    const size = Math.min(this.#window, this.#size(Math.min(this.#heldMs(), leftMs)));
    if (this.count >= size) return 0;
    // What would last for a turn that is under way and the next one is enough.
    const enough = ANSWERS_HELD * this.#roundTrip.ms / this.pace.perJobMs();
    return this.count > Math.max(size / 2, enough) ? 0 : size - this.count;
  }

  /** For a queue whose jobs are slow, or not known yet: what takes its turn with the others. */
  roomForNext(leftMs: number): number {
    if (this.count > 0 || Math.min(this.#heldMs(), leftMs) <= 0) return 0;
    return this.pace.perJobMs() === Infinity ? this.#firstWindow : 1;
  }

  add(held: Held): void {
    this.pace.came();
    this.#held.push(held);
  }

  take(): Held | undefined {
    const held = this.#held[this.#next++];
    if (this.#next >= this.#held.length) this.#clear();
    if (++this.#startedInTime >= this.#window) {
      this.#window = Math.min(MOST_FOR_ANY, this.#window * WINDOW_GROWTH);
      this.#startedInTime = 0;
    }
    return held;
  }

  all(): readonly Held[] {
    return this.#held.slice(this.#next);
  }

  takeAll(): readonly Held[] {
    const all = this.all();
    if (all.length === 0) return all;
    this.#clear();
    this.pace.left(all.length);
    this.#window = this.#firstWindow;
    this.#startedInTime = 0;
    return all;
  }

  remove(jobIds: ReadonlySet<string>): number {
    const before = this.count;
    this.#held = this.all().filter(({ job }) => !jobIds.has(job.id));
    this.#next = 0;
    const removed = before - this.count;
    this.pace.left(removed);
    return removed;
  }

  /** How many start within `heldMs`. */
  #size(heldMs: number): number {
    if (heldMs <= 0) return 0;
    const perJobMs = this.pace.perJobMs();
    const answersMs = ANSWERS_HELD * this.#roundTrip.ms;
    const mostByAnswer = Math.floor(MOST_BY_ANSWER_MS * this.#roundTrip.ms);
    const most = Math.min(MOST_FOR_ANY, Math.max(MOST, mostByAnswer));
    const quick = Math.floor(heldMs / perJobMs);
    if (quick >= Math.min(this.settings.concurrency, most)) return Math.min(most, quick);
    // Fewer than run at once: another worker can have them, but for those that would leave a place
    // empty while the store answers.
    return Math.floor(Math.min(heldMs, answersMs) / perJobMs);
  }

  /** How long a job may wait by its pace: it is to start while enough of its lease is left. */
  #heldMs(): number {
    const { ms } = this.#roundTrip;
    const mostMs = (1 - PART_FOR_ITS_RUN) * this.settings.leaseMs - ms;
    return Math.max(0, Math.min(Math.max(HELD_MS, ANSWERS_HELD * ms), mostMs / PATIENCE));
  }

  #clear(): void {
    this.#held = [];
    this.#next = 0;
  }
}
