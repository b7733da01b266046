/**
 * A priority queue: the least element comes first, made for elements that mostly come in order:
 * those stand in a list and cost nothing to sort; only one that belongs before others goes to a heap.
 *
 * @module
 */
// Below this many, a list is not worth cutting.
const FEW = 1_024;

/** Elements of which the least comes first. */
export class PriorityQueue<T> {
  readonly #isBefore: (a: T, b: T) => boolean;
  readonly #late: Heap<T>;
  /** How many elements are in it. */
  size = 0;
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
    this.size++;
    const last = this.#inOrder.at(-1);
    if (last !== undefined && this.#isBefore(item, last)) this.#late.push(item);
    else this.#inOrder.push(item);
  }

  /** Takes the first element. */
  pop(): T | undefined {
    if (this.size > 0) this.size--;
    return this.#isLateFirst() ? this.#late.pop() : this.#shift();
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

/** A binary heap: the least element is at hand, adding and taking cost the logarithm of the size. */
class Heap<T> {
  readonly #items: T[] = [];
  readonly #isBefore: (a: T, b: T) => boolean;

  /** `isBefore` says which of two elements comes first. */
  constructor(isBefore: (a: T, b: T) => boolean) {
    this.#isBefore = isBefore;
  }

  /** The first element, which stays. */
  peek(): T | undefined {
    return this.#items[0];
  }

  /** All elements, in no order. */
  all(): readonly T[] {
    return this.#items;
  }

  /** Adds an element. */
  push(item: T): void {
    const items = this.#items;
    let at = items.length;
    items.push(item);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!this.#isBefore(item, items[above]!)) break;
      items[at] = items[above]!;
      at = above;
    }
    items[at] = item;
  }

  /** Takes the first element. */
  pop(): T | undefined {
    const items = this.#items;
    const first = items[0];
    const last = items.pop();
    if (items.length > 0) this.#sink(last!);
    return first;
  }

  /** Puts an element in the first place and lets it sink to where it belongs. */
  #sink(item: T): void {
    const items = this.#items;
    const end = items.length;
    let at = 0;
    for (let below = 1; below < end; below = 2 * at + 1) {
      if (below + 1 < end && this.#isBefore(items[below + 1]!, items[below]!)) below++;
      if (!this.#isBefore(items[below]!, item)) break;
      items[at] = items[below]!;
      at = below;
    }
    items[at] = item;
  }
}
