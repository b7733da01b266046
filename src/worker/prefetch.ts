/**
 * Jobs that are claimed before there is a place for them, so that no place waits for the store: as
 * many as start within a twentieth of a second by the pace of late, none where a job takes longer. A
 * job that has waited for twice as long is handed back, so that another worker can have it.
 *
 * @module
 */
import { Pace } from "./pace.ts";
import type { ClaimedJob } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** A claimed job without a place. */
export interface Held {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  /** When the store was asked for it, by `performance.now()`. */
  readonly askedAt: number;
}

// By its queue's pace a held job starts within so long.
const HELD_MS = 50;
// Much of a short lease must be left when it starts.
const PART_OF_LEASE = 0.2;
// A pace can be wrong, or change.
const PATIENCE = 2;
// A larger batch costs a store as much for each job.
const MOST = 1_000;

/** The jobs that one loop holds. */
export class Prefetch {
  readonly #lines: readonly Line[];
  readonly #byQueue: ReadonlyMap<WorkerSettings, Line>;
  #count = 0;
  #turn = 0;

  constructor(settings: readonly WorkerSettings[]) {
    this.#lines = settings.map((one) => new Line(one));
    this.#byQueue = new Map(this.#lines.map((line) => [line.settings, line]));
  }

  /** How many are held. */
  get count(): number {
    return this.#count;
  }

  /** How fast the jobs of a queue run. */
  paceOf(settings: WorkerSettings): Pace {
    return this.#byQueue.get(settings)!.pace;
  }

  /**
   * How many more of a queue to claim: none while more than half of what can be held is there, and no
   * more than can start within `leftMs`.
   */
  roomFor(settings: WorkerSettings, leftMs: number): number {
    return this.#byQueue.get(settings)!.room(leftMs);
  }

  /** Holds a job behind the others of its queue. */
  add(held: Held): void {
    this.#count++;
    this.#byQueue.get(held.settings)!.add(held);
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
    if (this.overdueAt() > now) return [];
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
  readonly #heldMs: number;
  #held: Held[] = [];
  #next = 0;

  constructor(settings: WorkerSettings) {
    this.settings = settings;
    this.pace = new Pace(settings.concurrency);
    this.#heldMs = Math.min(HELD_MS, settings.leaseMs * PART_OF_LEASE);
  }

  get count(): number {
    return this.#held.length - this.#next;
  }

  get overdueAt(): number {
    const first = this.#held[this.#next];
    return first === undefined ? Infinity : first.askedAt + PATIENCE * this.#heldMs;
  }

  room(leftMs: number): number {
    const heldMs = Math.min(this.#heldMs, leftMs);
    const size = heldMs > 0 ? Math.min(MOST, Math.floor(heldMs / this.pace.perJobMs())) : 0;
    // Fewer than run at once: these take longer than a turn of the store, and another worker can have them.
    if (size < this.settings.concurrency && size < MOST) return 0;
    return this.count > size / 2 ? 0 : size - this.count;
  }

  add(held: Held): void {
    this.#held.push(held);
  }

  take(): Held | undefined {
    const held = this.#held[this.#next++];
    if (this.#next >= this.#held.length) this.#clear();
    return held;
  }

  all(): readonly Held[] {
    return this.#held.slice(this.#next);
  }

  takeAll(): readonly Held[] {
    const all = this.all();
    this.#clear();
    return all;
  }

  remove(jobIds: ReadonlySet<string>): number {
    const before = this.count;
    this.#held = this.all().filter(({ job }) => !jobIds.has(job.id));
    this.#next = 0;
    return before - this.count;
  }

  #clear(): void {
    this.#held = [];
    this.#next = 0;
  }
}
