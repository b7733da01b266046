/**
 * A time until which something is tried, and timers that keep no process alive.
 *
 * @module
 */

/** The end of everything that one export does. */
export interface Deadline {
  /** The whole time, as it was given. */
  readonly timeoutMs: number;
  /** Aborts when the time is up. */
  readonly signal: AbortSignal;
  /** What is left of it; not above zero when it is over. */
  leftMs(): number;
}

/** Begins a time. */
export function deadlineIn(timeoutMs: number): Deadline {
  const startedMs = performance.now();
  return {
    timeoutMs,
    signal: AbortSignal.timeout(timeoutMs),
    leftMs: () => timeoutMs - (performance.now() - startedMs),
  };
}

/** Waits, or until `earlier` is done. Alone it does not keep Node, Bun or Deno running. */
export async function waitUpTo(ms: number, earlier?: Promise<unknown>): Promise<void> {
  let cancel: (() => void) | undefined;
  const passed = new Promise<void>((resolve) => cancel = callIn(ms, resolve));
  await (earlier ? Promise.race([passed, earlier]) : passed);
  cancel!();
}

/**
 * Calls `fn` later. Alone it does not keep Node, Bun or Deno running.
 *
 * @returns what takes it back.
 */
export function callIn(ms: number, fn: () => void): () => void {
  const timer = setTimeout(fn, Math.max(0, ms));
  unref(timer);
  return () => clearTimeout(timer);
}

/** Deno's timer is a number, as on the web; Node's and Bun's is an object. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (timer: number) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?: () => void }).unref?.();
}
