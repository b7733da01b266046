/**
 * How fast the claimed jobs of one queue get done here, whatever makes them slow or fast: their own
 * time, how many run at once, other queues in the same places, a busy processor.
 *
 * @module
 */

/** Measures the time from one end of an attempt to the next, while there is a job to run. */
export class Pace {
  readonly #concurrency: number;
  readonly #memory: number;
  #present = 0;
  #busySince = 0;
  #lastEndAt = 0;
  #busyMs = 0;
  #ended = 0;

  /** `concurrency` is how many may run at once: as many can end in one moment after a long wait. */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
    this.#memory = 60 + 4 * concurrency;
  }

  /** A claimed job is there, whether or not it has a place yet. */
  came(): void {
    if (this.#present++ > 0) return;
    this.#busySince = performance.now();
    this.#lastEndAt = this.#busySince;
  }

  /** So many were released without having been started. */
  left(count: number): void {
    this.#countBusyTime(performance.now());
    this.#present -= count;
  }

  /** An attempt is over. */
  ended(): void {
    const now = performance.now();
    this.#countBusyTime(now);
    this.#lastEndAt = now;
    this.#present--;
    if (++this.#ended < this.#memory) return;
    // What is long past counts less and less.
    this.#ended /= 2;
    this.#busyMs /= 2;
  }

  /** The time for each job of late, in ms; `Infinity` before the first one has ended. */
  perJobMs(): number {
    if (this.#ended === 0) return Infinity;
    const perJobMs = this.#busyMs / this.#ended;
    if (this.#present === 0) return perJobMs;
    // That none ends for a while tells sooner than any ratio that jobs have become slower. But as many
    // as run at once can end together.
    const atOnce = Math.min(this.#present, this.#concurrency);
    return Math.max(perJobMs, (performance.now() - this.#lastEndAt) / atOnce);
  }

  #countBusyTime(now: number): void {
    if (this.#present > 0) this.#busyMs += now - this.#busySince;
    this.#busySince = now;
  }
}
