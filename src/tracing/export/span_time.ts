/**
 * Times of spans, held to what the protocols can say: nanoseconds since 1970 in 64 bits, which end in
 * the year 2554. A time that is none, or lies beyond, must not lose the other spans of its batch.
 *
 * @module
 */
import type { HrTime } from "./readable_span.ts";

const LAST_NANOS = 2n ** 64n - 1n;
const LAST_SECOND = Number(LAST_NANOS / 1_000_000_000n);
const LAST_MICROS = Number(LAST_NANOS / 1_000n);

/** Nanoseconds since 1970 as a decimal: they do not fit a double. */
export function nanosSince1970([seconds, nanos]: HrTime): string {
  if (seconds >= 1 && seconds < LAST_SECOND && nanos >= 0 && nanos < 1e9) {
    return `${Math.trunc(seconds)}${String(Math.trunc(nanos)).padStart(9, "0")}`;
  }
  if (!Number.isFinite(seconds) || !Number.isFinite(nanos)) return "0";
  const all = BigInt(Math.trunc(seconds)) * 1_000_000_000n + BigInt(Math.trunc(nanos));
  return String(all < 0n ? 0n : all > LAST_NANOS ? LAST_NANOS : all);
}

/** Whole microseconds since 1970. */
export function microsSince1970([seconds, nanos]: HrTime): number {
  const whole = Math.trunc(seconds) * 1e6 + Math.floor(nanos / 1e3);
  return Number.isFinite(whole) ? Math.min(Math.max(0, whole), LAST_MICROS) : 0;
}

/** The end of a span, or its start where the end is none or would be before it. */
export function endOf(start: HrTime, end: HrTime): HrTime {
  const seconds = Math.trunc(end[0]) - Math.trunc(start[0]);
  const nanos = seconds * 1e9 + Math.trunc(end[1]) - Math.trunc(start[1]);
  return nanos >= 0 && nanos < Infinity ? end : start;
}
