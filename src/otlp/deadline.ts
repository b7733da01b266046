/**
 * A time until which something is tried, and waits that keep no process alive.
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
  let timer: ReturnType<typeof setTimeout> | undefined;
  const passed = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, Math.max(0, ms));
    unref(timer);
  });
  await (earlier ? Promise.race([passed, earlier]) : passed);
  clearTimeout(timer);
}

/** Deno's timer is a number, as on the web; Node's and Bun's is an object. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?: (timer: number) => void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?: () => void }).unref?.();
}
