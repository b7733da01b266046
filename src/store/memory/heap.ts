/**
 * A binary heap: the least element is at hand, adding and taking cost the logarithm of the size.
 *
 * @module
 */

/** Elements of which the least comes first. */
export class Heap<T> {
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

  /** Takes out an element wherever it is, before what orders it changes. A pass over all. */
  delete(item: T): void {
    if (!this.#items.includes(item)) return;
    const rest = this.#items.filter((one) => one !== item);
    this.#items.length = 0;
    for (const one of rest) this.push(one);
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
