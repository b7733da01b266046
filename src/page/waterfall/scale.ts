/**
 * The one time scale of a waterfall, with ticks at round times.
 *
 * @module
 */
import type { JobTree } from "../../queue/job_tree.ts";

/** A time scale. */
export interface Scale {
  /** The first moment, in ms since 1970. */
  readonly from: number;
  /** The last one: the end of the jobs, or now. */
  readonly to: number;
}

/** The scale of these jobs; unfinished ones reach to now. */
export function scaleOf({ startedAt, finishedAt }: JobTree, now: number): Scale {
  const from = startedAt!.getTime();
  // The store's clock and ours may differ, and jobs can be over within the same millisecond.
  return { from, to: Math.max(finishedAt?.getTime() ?? now, from + 1) };
}

/** Where a moment lies, in percent of the scale, in steps too small to be seen. */
export function placeOf(time: number, { from, to }: Scale): number {
  const part = Math.max(0, Math.min(1, (time - from) / (to - from)));
  return Math.round(part * 10_000) / 100;
}

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const steps: readonly number[] = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * MINUTE),
  ...[1, 2, 3, 6, 12].map((n) => n * HOUR),
  ...[1, 2, 7, 14, 30, 60, 120, 365].map((n) => n * DAY),
];

const MOST_TICKS = 6;

/** A time on the scale that is written out. */
export interface Tick {
  /** In percent of the scale. */
  readonly place: number;
  /** Since its beginning: `0`, `200 ms`, `1.5 s`. */
  readonly text: string;
}

/** Up to six ticks at multiples of a round time, the first at the beginning. */
export function ticksOf(scale: Scale): readonly Tick[] {
  const length = scale.to - scale.from;
  const step = steps.find((one) => length / one < MOST_TICKS) ?? length;
  const count = Math.floor(length / step) + 1;
  return Array.from({ length: count }, (_, i) => ({
    place: placeOf(scale.from + i * step, scale),
    text: tickText(i * step),
  }));
}

/** Round times need no rounding: each is written in its largest unit. */
function tickText(ms: number): string {
  if (ms === 0) return "0";
  if (ms < SECOND) return `${ms} ms`;
  if (ms < MINUTE) return `${ms / SECOND} s`;
  if (ms < HOUR) return inTwo(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return inTwo(ms, HOUR, "h", MINUTE, "min");
  return inTwo(ms, DAY, "d", HOUR, "h");
}

function inTwo(ms: number, large: number, largeName: string, small: number, smallName: string) {
  const rest = Math.round((ms % large) / small);
  const whole = `${Math.floor(ms / large)} ${largeName}`;
  return rest === 0 ? whole : `${whole} ${rest} ${smallName}`;
}
