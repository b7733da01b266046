/**
 * Sleeping until something wakes a loop or a time has come, and yielding to the event loop: a store
 * that answers at once would keep it from everything else.
 *
 * @module
 */

/** One sleeper and its wake-ups. A wake-up that comes before the sleep is not lost. */
export class Sleep {
  #wake: (() => void) | undefined;
  #isWoken = false;

  /** Ends the present or the next sleep. */
  wake(): void {
    this.#isWoken = true;
    this.#wake?.();
  }

  /** Sleeps until woken, at most this long. `Infinity` sleeps until woken. */
  async sleep(ms: number): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const timer = ms === Infinity ? undefined : setTimeout(resolve, Math.max(0, ms));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#isWoken = false;
  }
}

const LONGEST_BLOCK_MS = 10;

/** Yields to timers, signals and sockets when it has not done so for a while. */
export class EventLoopYield {
  #lastAt = performance.now();

  /** Yields if it is time. */
  async yieldIfDue(): Promise<void> {
    if (performance.now() - this.#lastAt >= LONGEST_BLOCK_MS) await this.yield();
  }

  /** Yields. */
  async yield(): Promise<void> {
    await new Promise<void>((resolve) => {
      const { setImmediate } = globalThis as {
        setImmediate?: (callback: () => void) => unknown;
      };
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
