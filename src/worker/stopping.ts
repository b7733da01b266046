/**
 * The end of a loop: when jobs are handed back, and when a store that does not answer is given up.
 *
 * @module
 */

/** A stop that has been asked for, or not yet. */
export class Stopping {
  readonly #handBack: () => void;
  readonly #timers: ReturnType<typeof setTimeout>[] = [];
  readonly #givenUp: Promise<never>;
  #giveUp: () => void = () => {};
  #endsAt = Infinity;
  #isOver = false;
  #hasGivenUp = false;

  /** `handBack` is called when the running jobs have had their time. */
  constructor(handBack: () => void) {
    this.#handBack = handBack;
    this.#givenUp = new Promise((_, reject) => {
      this.#giveUp = () => {
        this.#hasGivenUp = true;
        reject(new Error("The store did not answer in time"));
      };
    });
    // Nobody may be waiting when it comes to that.
    this.#givenUp.catch(() => {});
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
      setTimeout(this.#handBack, timeoutMs),
      setTimeout(this.#giveUp, timeoutMs + endTimeoutMs),
    );
  }

  /** Waits for a store, but no longer than until it is given up. */
  inTime<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.#givenUp]);
  }

  /** The loop is over; no timer shall hold the process. */
  end(): void {
    this.#isOver = true;
    this.#clear();
  }

  #clear(): void {
    for (const timer of this.#timers.splice(0)) clearTimeout(timer);
  }
}
