/**
 * Letting others in: a store that answers at once would keep the event loop from everything else.
 *
 * @module
 */

const LONGEST_MS = 10;

type Runtime = { setImmediate?: (callback: () => void) => unknown };

/** Gives way to timers, signals and sockets when it has not done so for a while. */
export class Breath {
  #lastAt = performance.now();

  /** Gives way if it is time. */
  async take(): Promise<void> {
    if (performance.now() - this.#lastAt >= LONGEST_MS) await this.give();
  }

  /** Gives way. */
  async give(): Promise<void> {
    await new Promise<void>((resolve) => {
      const { setImmediate } = globalThis as Runtime;
      if (setImmediate === undefined) setTimeout(resolve);
      else setImmediate(resolve);
    });
    this.#lastAt = performance.now();
  }

  /** Others have just had their turn. */
  taken(): void {
    this.#lastAt = performance.now();
  }
}
