/** Time for tests of what waits: it passes when nothing is left to do, at once and as far as needed. */

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

type Runtime = { setImmediate?: (callback: () => void) => unknown };

/** What a test sees of its time. */
export interface VirtualTime {
  /** The time, in ms since 1970. */
  readonly now: () => number;
  /** Waits. */
  readonly pause: (ms: number) => Promise<void>;
  /** Keeps the event loop busy, so that nothing else happens meanwhile. */
  readonly block: (ms: number) => void;
}

// Callbacks of promises that wait for each other over a few turns of the event loop.
const HOPS = 3;

/**
 * Runs a test in a time of its own: timers and `performance.now` are put in place of the runtime's
 * until the test is over. Whatever takes real time, such as a socket, is not waited for.
 */
export async function inVirtualTime<T>(test: (time: VirtualTime) => Promise<T>): Promise<T> {
  const timers = new Map<number, Timer>();
  const real = {
    setTimeout: globalThis.setTimeout,
    setInterval: globalThis.setInterval,
    clearTimeout: globalThis.clearTimeout,
    clearInterval: globalThis.clearInterval,
    now: Object.getOwnPropertyDescriptor(performance, "now"),
  };
  const startedAt = performance.now();
  let nowMs = startedAt;
  let order = 0;
  const set = (callback: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
    const id = ++order;
    timers.set(id, { at: nowMs + Math.max(1, ms), order, run: () => callback(...args) });
    return id;
  };
  const repeat = (callback: () => void, ms: number) => {
    const id = ++order;
    const again = () => {
      timers.set(id, {
        at: nowMs + Math.max(1, ms),
        order: ++order,
        run: () => (again(), callback()),
      });
    };
    again();
    return id;
  };
  const clear = (id: number) => void timers.delete(id);
  Object.assign(globalThis, {
    setTimeout: set,
    setInterval: repeat,
    clearTimeout: clear,
    clearInterval: clear,
  });
  Object.defineProperty(performance, "now", { value: () => nowMs, configurable: true });
  const hop = () =>
    new Promise<void>((resolve) => {
      const { setImmediate } = globalThis as Runtime;
      if (setImmediate === undefined) real.setTimeout(resolve);
      else setImmediate(resolve);
    });
  try {
    let isOver = false;
    const result = test({
      now: () => Date.UTC(2026, 0, 1) + nowMs - startedAt,
      pause: (ms) => new Promise((resolve) => void set(() => resolve(), ms)),
      block: (ms) => void (nowMs += ms),
    }).finally(() => isOver = true);
    // Its rejection is handled where it is awaited; until then it must not count as unhandled.
    result.catch(() => {});
    for (;;) {
      for (let i = 0; i < HOPS; i++) await hop();
      if (isOver) return await result;
      const [id, next] = [...timers].reduce(
        (a, b) => b[1].at < a[1].at || (b[1].at === a[1].at && b[1].order < a[1].order) ? b : a,
        [0, { at: Infinity, order: 0, run: () => {} }] as [number, Timer],
      );
      if (id === 0) throw new Error("Nothing is left that the test could wait for");
      timers.delete(id);
      nowMs = Math.max(nowMs, next.at);
      next.run();
    }
  } finally {
    const { now, ...timing } = real;
    Object.assign(globalThis, timing);
    if (now === undefined) delete (performance as { now?: unknown }).now;
    else Object.defineProperty(performance, "now", now);
  }
}
