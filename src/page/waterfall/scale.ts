/**
 * The time scale of a waterfall, with ticks at round times.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import type { Timeline, TimeScale } from "../../queue/timeline.ts";

/** A time scale without the long times in which nothing ran. */
export interface AxisScale extends TimeScale {
  /** These times, in order. Each takes a little of the axis. */
  readonly breaks: readonly TimeScale[];
}

// In percent of the axis.
const BREAK_WIDTH = 6;
const MAX_BREAKS = 6;
const LEAST_BREAK_MS = 1_000;
/** What ran takes at least this part of the axis, if breaks can help. */
const LEAST_BUSY_PART = 0.1;

/** The scale of a timeline. The longest idle times are broken out of it until the rest can be seen. */
export function axisScale({ from, to, rows }: Timeline): AxisScale {
  const idle = idleTimes({ from, to, rows }).filter((one) => lengthOf(one) >= LEAST_BREAK_MS);
  const busyMs = to - from - idle.reduce((sum, one) => sum + lengthOf(one), 0);
  const breaks: TimeScale[] = [];
  let restMs = to - from;
  for (const one of idle.sort((a, b) => lengthOf(b) - lengthOf(a)).slice(0, MAX_BREAKS)) {
    if (busyMs >= LEAST_BUSY_PART * restMs) break;
    breaks.push(one);
    restMs -= lengthOf(one);
  }
  return { from, to, breaks: breaks.sort((a, b) => a.from - b.from) };
}

function lengthOf({ from, to }: TimeScale): number {
  return to - from;
}

/** The times in which no job ran, was enqueued or ended. */
function idleTimes({ from, to, rows }: Pick<Timeline, "from" | "to" | "rows">): TimeScale[] {
  const busy: TimeScale[] = [];
  for (const row of rows.values()) {
    busy.push({ from: row.from, to: row.from }, { from: row.to, to: row.to }, ...row.runs);
  }
  busy.sort((a, b) => a.from - b.from);
  const idle: TimeScale[] = [];
  let at = from;
  for (const one of busy) {
    if (one.from > at) idle.push({ from: at, to: one.from });
    at = Math.max(at, one.to);
  }
  return to > at ? [...idle, { from: at, to }] : idle;
}

/** The position of a time, in percent of the scale, rounded to 0.01. */
export function positionOf(time: number, { from, to, breaks }: AxisScale): number {
  const at = Math.max(from, Math.min(to, time));
  const wholeMs = breaks.reduce((rest, one) => rest - lengthOf(one), to - from);
  let [shownMs, place] = [at - from, 0];
  for (const one of breaks) {
    const broken = Math.max(0, Math.min(at, one.to) - one.from);
    shownMs -= broken;
    place += BREAK_WIDTH * broken / lengthOf(one);
  }
  const part = wholeMs > 0 ? shownMs / wholeMs : 0;
  place += part * (100 - BREAK_WIDTH * breaks.length);
  return Math.round(place * 100) / 100;
}

/** Where the breaks are, in percent of the scale. */
export function breaksOf(scale: AxisScale): readonly { place: number; width: number }[] {
  return scale.breaks.map(({ from }) => ({ place: positionOf(from, scale), width: BREAK_WIDTH }));
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

const MAX_TICKS = 6;

/** A labelled time of the scale. */
export interface Tick {
  /** In percent of the scale. */
  readonly place: number;
  /** The time since the beginning of the scale: `0`, `200 ms`, `1.5 s`. */
  readonly text: string;
  /** Whether it is at the beginning of the scale or at the end of a break. */
  readonly isStart: boolean;
}

/**
 * Ticks at multiples of a round time, the first at 0: up to six without breaks. After a break they begin
 * anew: its end says how much time has passed, the others how much since then.
 */
export function ticksOf(scale: AxisScale): readonly Tick[] {
  const { from, to, breaks } = scale;
  const starts = [from, ...breaks.map((one) => one.to)];
  const ends = [...breaks.map((one) => one.from), to];
  const length = starts.reduce((sum, start, i) => sum + ends[i]! - start, 0);
  const step = steps.find((one) => length / one < MAX_TICKS) ?? Math.max(1, length);
  return starts.flatMap((start, piece) =>
    Array.from({ length: Math.floor((ends[piece]! - start) / step) + 1 }, (_, i) => ({
      place: positionOf(start + i * step, scale),
      text: piece === 0
        ? tickText(i * step)
        : i === 0
        ? durationText(start - from)
        : `+${tickText(i * step)}`,
      isStart: i === 0,
    }))
  );
}

// Of the narrowest axis, on a phone, and of a character.
const LEAST_AXIS_PX = 290;
const CHARACTER_PX = 7;
const LABEL_GAP_PX = 8;

/** The label of a tick, at its right, or at its left where the axis ends. */
export interface TickLabel extends Tick {
  readonly isAtLeft: boolean;
}

/** The labels of the ticks, but those that would collide on a phone. The starts of pieces come first. */
export function labelsOf(ticks: readonly Tick[]): readonly TickLabel[] {
  const kept: TickLabel[] = [];
  for (const tick of [...ticks].sort((a, b) => Number(b.isStart) - Number(a.isStart))) {
    const label = { ...tick, isAtLeft: tick.place > 90 };
    if (kept.every((other) => areApart(label, other))) kept.push(label);
  }
  return kept;
}

function areApart(a: TickLabel, b: TickLabel): boolean {
  const [aFrom, aTo] = extentOf(a);
  const [bFrom, bTo] = extentOf(b);
  return aTo <= bFrom || bTo <= aFrom;
}

/** In percent of the narrowest axis. */
function extentOf({ place, text, isAtLeft }: TickLabel): readonly [number, number] {
  const width = 100 * (text.length * CHARACTER_PX + LABEL_GAP_PX) / LEAST_AXIS_PX;
  return isAtLeft ? [place - width, place] : [place, place + width];
}

/** Round times need no rounding: each is written in its largest units. */
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
