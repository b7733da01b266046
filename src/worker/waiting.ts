/**
 * Waiting until somebody wakes the loop or a time has come.
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
