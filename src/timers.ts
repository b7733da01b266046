/**
 * Timers, time limits and retries, the same on every runtime.
 *
 * @module
 */

/** What a timer does to its process. */
export interface TimerOptions {
  /** Whether it keeps Node, Bun or Deno running. @default {true} */
  readonly keepsAlive?: boolean;
}

/**
 * Waits for `work`, but at most `ms`. Rejects as `work` does.
 *
 * @returns whether `work` was done in time. It is not cancelled, and its later error is ignored.
 */
export async function withTimeLimit(
  ms: number,
  work: PromiseLike<unknown>,
  options?: TimerOptions,
): Promise<boolean> {
  let cancel: (() => void) | undefined;
  const timeout = new Promise<false>((resolve) => {
    cancel = startTimer(ms, () => resolve(false), options);
  });
  try {
    return await Promise.race([work.then(() => true), timeout]);
  } finally {
    cancel?.();
  }
}

/**
 * Calls `work` until it succeeds.
 *
 * @param delayMs called after each failure, with the error and the number of tries so far: returns how
 * long to wait before the next try, or throws to give up.
 */
export async function withRetries<T>(
  work: () => Promise<T>,
  delayMs: (error: unknown, tries: number) => number,
  options?: TimerOptions,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      await sleep(delayMs(error, tries), options);
    }
  }
}

/** Waits. */
export function sleep(ms: number, options?: TimerOptions): Promise<void> {
  return new Promise((resolve) => void startTimer(ms, resolve, options));
}

/** Resolves in the next turn of the event loop. On Node, Bun and Deno that takes microseconds. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (callback: () => void) => unknown };
  return new Promise((resolve) => {
    if (setImmediate === undefined) setTimeout(resolve);
    else setImmediate(resolve);
  });
}

/**
 * Calls `fn` after `ms`, at once when that is negative.
 *
 * @returns what cancels it.
 */
export function startTimer(
  ms: number,
  fn: () => void,
  { keepsAlive = true }: TimerOptions = {},
): () => void {
  const timer = setTimeout(fn, Math.max(0, ms));
  if (!keepsAlive) unref(timer);
  return () => clearTimeout(timer);
}

/** Deno's timer is a number, as on the web; Node's and Bun's is an object. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (timer: number) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?: () => void }).unref?.();
}

/** A time limit for several steps, such as a request and its retries. */
export interface Deadline {
  /** The whole time. */
  readonly timeoutMs: number;
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
  /** What is left of it; 0 or less when it is over. */
  leftMs(): number;
}

/** Starts the time. */
export function deadlineIn(timeoutMs: number): Deadline {
  const startedMs = performance.now();
  return {
    timeoutMs,
    signal: AbortSignal.timeout(timeoutMs),
    leftMs: () => timeoutMs - (performance.now() - startedMs),
  };
}
