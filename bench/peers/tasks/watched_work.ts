/**
 * Working for long, looked at from time to time.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { quantile } from "../../report/figures.ts";
import type { OpenQueue } from "../contender.ts";
import { now } from "./latency.ts";
import type { Surroundings } from "./surroundings.ts";

/** What the jobs do, and how often is looked. */
export interface WatchedWork {
  /** How long a job takes, in ms. Default: nothing. */
  readonly jobMs?: number;
  readonly everyMs: number;
}

/** What was seen in a stretch of time. */
export interface Stretch {
  /** When it ended, in ms, by a clock that all processes share. */
  readonly at: number;
  /** How many jobs started. */
  readonly starts: number;
  /** From the call that enqueued a job to its start, where jobs say when that was. */
  readonly p50: number | null;
  readonly p99: number | null;
  readonly memoryMb: number;
}

/** What became of it. */
export interface Watched {
  readonly stretches: readonly Stretch[];
  readonly ran: number;
  /** How often a job ran again. */
  readonly repeated: number;
  /** From the call that stops the worker until it has. */
  readonly stopMs: number;
}

/** Works until it is told to stop. */
export async function workWatched(
  queue: OpenQueue,
  { jobMs, everyMs }: WatchedWork,
  { ready, told }: Surroundings,
): Promise<Watched> {
  const seen = new Seen();
  const stretches: Stretch[] = [];
  let [starts, ran, repeated] = [0, 0, 0];
  let waits: number[] = [];
  const look = () => {
    stretches.push({
      at: now(),
      starts,
      p50: waits.length === 0 ? null : quantile(waits, 0.5),
      p99: waits.length === 0 ? null : quantile(waits, 0.99),
      memoryMb: process.memoryUsage().rss / 1_000_000,
    });
    [starts, waits] = [0, []];
  };
  const stop = await queue.work((payload) => {
    starts++;
    ran++;
    if (seen.again(payload.n)) repeated++;
    const at = stampOf(payload.subject);
    if (at !== undefined) waits.push(now() - at);
    return jobMs === undefined ? undefined : setTimeout(jobMs);
  });
  const looking = setInterval(look, everyMs);
  ready();
  await told();
  clearInterval(looking);
  look();
  const stoppedAt = performance.now();
  await stop();
  return { stretches, ran, repeated, stopMs: performance.now() - stoppedAt };
}

/** Which numbers there were, in so little memory that it does not show. */
class Seen {
  #marks: Uint8Array = new Uint8Array(1 << 16);

  /** Whether a number was there before. */
  again(n: number): boolean {
    if (n >= this.#marks.length) {
      const marks = new Uint8Array(2 * Math.max(n, this.#marks.length));
      marks.set(this.#marks);
      this.#marks = marks;
    }
    const before = this.#marks[n] === 1;
    this.#marks[n] = 1;
    return before;
  }
}

const mark = "enqueued at ";

/** A subject that says when a job was enqueued. */
export function stamped(at: number): string {
  return `${mark}${at.toFixed(2)}, an order that has left our warehouse`;
}

function stampOf(subject: string): number | undefined {
  if (!subject.startsWith(mark)) return undefined;
  return Number.parseFloat(subject.slice(mark.length));
}
