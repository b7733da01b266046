/**
 * Back-off: the wait before the next attempt.
 *
 * @module
 */
import { checkOptionNames, InputRangeError, InputTypeError, type OptionNames } from "./checks.ts";

/** The wait before a retry, as plain data, so that it can be stored with a job. */
export type Backoff =
  /** Always `delayMs`. */
  | { readonly type: "fixed"; readonly delayMs: number }
  /**
   * `delayMs` after the first attempt, twice that after the second, and so on, at most `maxMs`
   * (default: a year).
   */
  | { readonly type: "linear"; readonly delayMs: number; readonly maxMs?: number }
  /**
   * `delayMs` after the first attempt, doubled after each further one, at most `maxMs` (default:
   * one hour). `jitter`, 0 to 1, is the random share of the wait (default: 0.5). It spreads the
   * retries of jobs that failed together.
   */
  | {
    readonly type: "exponential";
    readonly delayMs: number;
    readonly maxMs?: number;
    readonly jitter?: number;
  };

/**
 * The back-off of a worker as a function: the wait in ms after an attempt, counted from 1, and its
 * error.
 */
export type BackoffFunction = (attempt: number, error: unknown) => number;

/** The back-off of jobs and workers without one: about 1 s, 2 s, 4 s … up to an hour. */
export const defaultBackoff: Backoff = { type: "exponential", delayMs: 1_000 };

/** The default `maxMs` of an exponential back-off. */
export const longestBackoffMs = 3_600_000;

/** The default `jitter` of an exponential back-off. */
export const defaultJitter = 0.5;

/** The longest wait, in ms: a year. */
export const longestDelayMs: number = 365 * 24 * 60 * 60 * 1_000;

/** The wait in ms after an attempt, counted from 1. `random` returns a number from 0 to 1. */
export function backoffDelay(
  backoff: Backoff | BackoffFunction,
  attempt: number,
  error: unknown,
  random: () => number = Math.random,
): number {
  const delayMs = typeof backoff === "function"
    ? backoff(attempt, error)
    : ruledDelay(backoff, attempt, random);
  if (typeof delayMs !== "number" || Number.isNaN(delayMs)) {
    throw new InputTypeError(`A backoff must give a number of ms: got ${String(delayMs)}`);
  }
  return Math.min(Math.max(0, Math.round(delayMs)), longestDelayMs);
}

function ruledDelay(backoff: Backoff, attempt: number, random: () => number): number {
  switch (backoff.type) {
    case "fixed":
      return backoff.delayMs;
    case "linear":
      return Math.min(backoff.delayMs * attempt, backoff.maxMs ?? longestDelayMs);
    case "exponential": {
      const { delayMs, maxMs = longestBackoffMs, jitter = defaultJitter } = backoff;
      const whole = Math.min(delayMs * 2 ** (attempt - 1), maxMs);
      return whole * (1 - jitter * random());
    }
  }
}

type Exponential = Extract<Backoff, { type: "exponential" }>;

const names: OptionNames<Exponential> = { type: true, delayMs: true, maxMs: true, jitter: true };

/** Refuses what is not a back-off. */
export function checkBackoff(backoff: unknown): Backoff {
  const rule = backoff as Partial<Exponential> | null;
  const isRule = typeof rule === "object" && rule !== null &&
    ["fixed", "linear", "exponential"].includes(rule.type as string) &&
    isDuration(rule.delayMs) &&
    (rule.maxMs === undefined || isDuration(rule.maxMs)) &&
    (rule.jitter === undefined || isNumber(rule.jitter, 1));
  if (isRule) {
    checkOptionNames("A backoff", rule, names);
    return rule as Backoff;
  }
  throw new InputRangeError(
    'A backoff must be { type: "fixed" | "linear" | "exponential", delayMs, maxMs?, jitter? } ' +
      `with durations from 0 to ${longestDelayMs} ms and a jitter from 0 to 1: got ` +
      shownRule(backoff),
  );
}

function isDuration(value: unknown): boolean {
  return isNumber(value, longestDelayMs);
}

function isNumber(value: unknown, most: number): boolean {
  return typeof value === "number" && value >= 0 && value <= most;
}

/** As JSON, where it can be. */
function shownRule(backoff: unknown): string {
  try {
    return JSON.stringify(backoff) ?? typeof backoff;
  } catch {
    return typeof backoff;
  }
}
