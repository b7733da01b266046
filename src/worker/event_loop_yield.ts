/**
 * Yielding to the event loop: a store that answers at once would keep it from everything else.
 *
 * @module
 */

const LONGEST_MS = 10;

type Runtime = { setImmediate?: (callback: () => void) => unknown };

/** Yields to timers, signals and sockets when it has not done so for a while. */
export class EventLoopYield {
  #lastAt = performance.now();

  /** Yields if it is time. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#lastAt >= LONGEST_MS) await this.yield();
  }

  /** Yields. */
  async yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      const { setImmediate } = globalThis as Runtime;
      if (setImmediate === undefined) setTimeout(resolve);
      else setImmediate(resolve);
    });
    this.#lastAt = performance.now();
  }

  /** The event loop has just had its turn by other means. */
  hasYielded(): void {
    this.#lastAt = performance.now();
  }
}
