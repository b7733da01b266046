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
  // In between it grows by less than one.
  #limit = Infinity;

  /** Whether a batch is about as large as the store can do. */
  isNearLimit(size: number): boolean {
    return 2 * size >= this.#limit;
  }

  /** A batch of this size was done. */
  wasDone(size: number): void {
    if (this.isNearLimit(size)) this.#setLimit(this.#limit * (1 + GROWTH));
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
  }
}
