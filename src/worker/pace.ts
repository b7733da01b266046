/**
 * How fast the jobs of one queue run here, whatever makes them slow or fast: their own time, how many
 * run at once, a busy processor.
 *
 * @module
 */

/** Measures the time from one end of an attempt to the next, while there is something to run. */
export class Pace {
  readonly #memory: number;
  #running = 0;
  #busySince = 0;
  #lastEndAt = 0;
  #busyMs = 0;
  #ended = 0;

  /** `concurrency` is how many may run at once: as many can end in one moment after a long wait. */
  constructor(concurrency: number) {
    this.#memory = 60 + 4 * concurrency;
  }

  /** An attempt begins. */
  started(): void {
    if (this.#running++ > 0) return;
    this.#busySince = performance.now();
    this.#lastEndAt = this.#busySince;
  }

  /** An attempt is over. */
  ended(): void {
    const now = performance.now();
    this.#lastEndAt = now;
    this.#running--;
    this.#busyMs += now - this.#busySince;
    this.#busySince = now;
    if (++this.#ended < this.#memory) return;
    // What is long past counts less and less.
    this.#ended /= 2;
    this.#busyMs /= 2;
  }

  /** The time for each job of late, in ms; `Infinity` before the first one has ended. */
  perJobMs(): number {
    if (this.#ended === 0) return Infinity;
    const perJobMs = this.#busyMs / this.#ended;
    // That none ends for a while tells sooner than any ratio that jobs have become slower.
    return this.#running > 0 ? Math.max(perJobMs, performance.now() - this.#lastEndAt) : perJobMs;
  }
}
