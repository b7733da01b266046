/**
 * The end of a loop: when jobs are released, and when a store that does not answer is given up.
 *
 * @module
 */

/** A stop that has been asked for, or not yet. */
export class Stopping {
  readonly #release: () => void;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #waiting = new Set<(error: Error) => void>();
  #endsAt = Infinity;
  #isOver = false;
  #hasGivenUp = false;

  /** `release` is called when the running jobs have had their time. */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** Whether a stop has been asked for. */
  get isAsked(): boolean {
    return this.#endsAt < Infinity;
  }

  /** Whether the store has had its time, too. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  /** Asks for a stop. Asked twice, the sooner end holds. */
  ask(timeoutMs: number, endTimeoutMs: number): void {
    const endsAt = performance.now() + timeoutMs + endTimeoutMs;
    if (this.#isOver || endsAt >= this.#endsAt) return;
    this.#endsAt = endsAt;
    this.#clear();
    this.#timers.push(
      setTimeout(this.#release, timeoutMs),
      setTimeout(() => this.#giveUp(), timeoutMs + endTimeoutMs),
    );
  }

  /** Waits for a store, but no longer than until it is given up. */
  async inTime<T>(answer: Promise<T>): Promise<T> {
    // No race against one promise for all: that would hold every answer until the end of the loop.
    let reject: (error: Error) => void = () => {};
    const givenUp = new Promise<never>((_, rejectIt) => reject = rejectIt);
    this.#waiting.add(reject);
    if (this.#hasGivenUp) this.#giveUp();
    try {
      return await Promise.race([answer, givenUp]);
    } finally {
      this.#waiting.delete(reject);
    }
  }

  /** The loop is over; no timer shall hold the process. */
  end(): void {
    this.#isOver = true;
    this.#clear();
  }

  #giveUp(): void {
    this.#hasGivenUp = true;
    for (const reject of this.#waiting) reject(new Error("The store did not answer in time"));
  }

  #clear(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
