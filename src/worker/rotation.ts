/**
 * Whose turn it is among the queues of a pool. It is kept from one tick to the next, and where each
 * tick makes a pool of its own, chance begins, so that each queue comes first as often as any other.
 *
 * @module
 */

/** A place in a circle. */
export class Rotation {
  readonly #size: number;
  #first: number;

  constructor(size: number) {
    this.#size = size;
    this.#first = Math.floor(Math.random() * size);
  }

  /** All of them, from the one whose turn it is. */
  inTurn<T>(all: readonly T[]): readonly T[] {
    return [...all.slice(this.#first), ...all.slice(0, this.#first)];
  }

  /** The next turn begins behind this one. */
  goOnBehind(index: number): void {
    this.#first = (index + 1) % this.#size;
  }
}
