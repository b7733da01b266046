/**
 * Longer limits for what is long: a job's end takes all jobs behind it along in one step, and one that
 * would be given up at the same limit again and again would never be recorded.
 *
 * @module
 */
import { StoreTimeoutError } from "../../job/errors.ts";
import { GivenUpError } from "./errors.ts";

const MOST = 64;

/** How much longer than usual a kind of statement may take. It grows until one is done in time. */
export class Allowance {
  #factor = 1;

  /** Whether the last one took too long. */
  get isExtended(): boolean {
    return this.#factor > 1;
  }

  /** Runs a statement with the limit that it is given. */
  async run<T>(usualMs: number, work: (limitMs: number) => Promise<T>): Promise<T> {
    try {
      const result = await work(usualMs * this.#factor);
      this.#factor = 1;
      return result;
    } catch (error) {
      // A server that does not even cancel a statement is not slow but gone.
      if (error instanceof StoreTimeoutError && !(error instanceof GivenUpError)) {
        this.#factor = Math.min(this.#factor * 2, MOST);
      }
      throw error;
    }
  }
}
