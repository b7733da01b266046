/**
 * How much a store is asked for in one call: everything, until a call takes too long. Then half as
 * much, and slowly more again, so that some of it is always done.
 *
 * @module
 */
import { StoreTimeoutError } from "../job/errors.ts";

// A batch that grows by so much is twice as large after about eleven.
const GROWTH = 1 / 16;

/** The size of one kind of batch. */
export class BatchSize {
  /** At most so many in one call. */
  most: number = Infinity;
  /** A batch of this size is about as large as the store can do. */
  nearLimit: number = Infinity;
  // It grows by less than one at a time.
  #limit = Infinity;

  /** A batch of this size was done. */
  wasDone(size: number): void {
    if (size >= this.nearLimit) this.#setLimit(this.#limit * (1 + GROWTH));
  }

  /** A batch failed. Returns whether a smaller one is worth trying. */
  failed(size: number, error: unknown): boolean {
    if (!(error instanceof StoreTimeoutError) || size === 0) return false;
    this.#setLimit(Math.max(1, Math.floor(size / 2)));
    return size > 1;
  }

  #setLimit(limit: number): void {
    this.#limit = limit;
    this.most = Math.floor(limit);
    this.nearLimit = limit / 2;
  }
}
