/**
 * The time scale of a waterfall, with ticks at round times.
 *
 * @module
 */
import type { TimeScale } from "../../queue/timeline.ts";

/** The position of a time, in percent of the scale, rounded to 0.01. */
export function positionOf(time: number, { from, to }: TimeScale): number {
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

const MAX_TICKS = 6;

/** A labelled time of the scale. */
export interface Tick {
  /** In percent of the scale. */
  readonly place: number;
  /** The time since the beginning of the scale: `0`, `200 ms`, `1.5 s`. */
  readonly text: string;
}

/** Up to six ticks at multiples of a round time, the first at 0. */
export function ticksOf(scale: TimeScale): readonly Tick[] {
  const length = scale.to - scale.from;
  const step = steps.find((one) => length / one < MAX_TICKS) ?? length;
  const count = Math.floor(length / step) + 1;
  return Array.from({ length: count }, (_, i) => ({
    place: positionOf(scale.from + i * step, scale),
    text: tickText(i * step),
  }));
}

// Of the narrowest axis, on a phone, and of a character.
const LEAST_AXIS_PX = 290;
const CHARACTER_PX = 7;
const LABEL_GAP_PX = 8;

/** The label of a tick, at its right, or at its left where the axis ends. */
export interface TickLabel extends Tick {
  readonly isAtLeft: boolean;
}

/** The labels of the ticks, but those that would collide on a phone. */
export function labelsOf(ticks: readonly Tick[]): readonly TickLabel[] {
  let free = 0;
  return ticks.map((tick) => ({ ...tick, isAtLeft: tick.place > 90 })).filter((label) => {
    const width = 100 * (label.text.length * CHARACTER_PX + LABEL_GAP_PX) / LEAST_AXIS_PX;
    const from = label.isAtLeft ? label.place - width : label.place;
    if (from < free) return false;
    free = from + width;
    return true;
  });
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
