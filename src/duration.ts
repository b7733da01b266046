/**
 * Durations for people.
 *
 * @module
 */

const UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a duration such as `500ms`, `30s`, `15m`, `2h` or `7d`, in ms; `undefined` for anything
 * else.
 */
export function readDuration(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text) ?? [];
  return number === undefined ? undefined : Math.round(Number(number) * UNITS[unit!]!);
}

/** Writes a duration, rounded down to one unit: `20 ms`, `1.2 s`, `3 min`, `2 h`, `5 d`. */
export function durationText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 10_000) return `${Math.floor(ms / 100) / 10} s`;
  if (ms < 60_000) return `${Math.floor(ms / 1_000)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** Writes a time relative to now: `3 s ago`, `in 5 min`, `now`. */
export function distanceText(time: number, now: number): string {
  const ms = now - time;
  if (Math.abs(ms) < 1_000) return "now";
  const text = durationText(Math.floor(Math.abs(ms) / 1_000) * 1_000);
  return ms > 0 ? `${text} ago` : `in ${text}`;
}
