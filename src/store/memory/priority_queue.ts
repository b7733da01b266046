/**
 * A priority queue: the least element comes first, made for elements that mostly come in order:
 * those stand in a list and cost nothing to sort; only one that belongs before others goes to a heap.
 *
 * @module
 */
import { Heap } from "./heap.ts";

// Below this many, a list is not worth cutting.
const FEW = 1_024;

/** Elements of which the least comes first. */
export class PriorityQueue<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #late: Heap<T>;
  // In order. Those before the first place are taken.
  #inOrder: (T | undefined)[] = [];
  #first = 0;

  /** `isBefore` says which of two elements comes first. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
    this.#late = new Heap(isBefore);
  }

  /** The first element, which stays. */
  peek(): T | undefined {
    return this.#isLateFirst() ? this.#late.peek() : this.#inOrder[this.#first];
  }

  /** All elements, in no order. */
  all(): readonly T[] {
    return [...this.#inOrder.slice(this.#first) as T[], ...this.#late.all()];
  }

  /** Adds an element. */
  push(item: T): void {
    const last = this.#inOrder.at(-1);
    if (last !== undefined && this.#isBefore(item, last)) this.#late.push(item);
    else this.#inOrder.push(item);
  }

  /** Takes the first element. */
  pop(): T | undefined {
    return this.#isLateFirst() ? this.#late.pop() : this.#shift();
  }

  /** Takes out an element wherever it is, before what orders it changes. A pass over all. */
  delete(item: T): void {
    this.#late.delete(item);
    this.#inOrder = this.#inOrder.slice(this.#first).filter((one) => one !== item);
    this.#first = 0;
  }

  #isLateFirst(): boolean {
    const late = this.#late.peek();
    if (late === undefined) return false;
    const first = this.#inOrder[this.#first];
    return first === undefined || this.#isBefore(late, first);
  }

  #shift(): T | undefined {
    const item = this.#inOrder[this.#first];
    if (item === undefined) return undefined;
    this.#inOrder[this.#first++] = undefined;
    if (this.#first === this.#inOrder.length) this.#cut();
    else if (this.#first >= FEW && this.#first * 2 > this.#inOrder.length) this.#cut();
    return item;
  }

  /** Lets go of the places of those that are taken. */
  #cut(): void {
    this.#inOrder = this.#inOrder.slice(this.#first);
    this.#first = 0;
  }
}
