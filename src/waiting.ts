/**
 * Waiting until somebody wakes the loop, something is done, or a time has come.
 *
 * @module
 */

/** One sleeper and its wake-ups. A wake-up that comes before the sleep is not lost. */
export class Waiting {
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

/** Waits for something, but not longer. Rejects as it does. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
