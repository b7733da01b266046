/**
 * A linked list: elements in the order in which they came, of which any can be taken out at once.
 *
 * @module
 */

/** An element's place in a list. */
export interface Link<T> {
  readonly item: T;
  before: Link<T> | undefined;
  after: Link<T> | undefined;
}

/** Elements in the order in which they came. */
export class LinkedList<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;

  /** Whether nothing is in it. */
  get isEmpty(): boolean {
    return this.#first === undefined;
  }

  /** Adds an element behind all others. */
  add(item: T): Link<T> {
    const link: Link<T> = { item, before: this.#last, after: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.after = link;
    this.#last = link;
    return link;
  }

  /** Takes an element out, once. */
  remove(link: Link<T>): void {
    const { before, after } = link;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    // What is out of the list shall not keep what is in it.
    link.before = undefined;
    link.after = undefined;
  }

  /** The elements, the oldest first. The one at hand may be taken out. */
  *oldestFirst(): Iterable<T> {
    for (let link = this.#first, next; link !== undefined; link = next) {
      next = link.after;
      yield link.item;
    }
  }

  /** The elements, the newest first. */
  *newestFirst(): Iterable<T> {
    for (let link = this.#last; link !== undefined; link = link.before) yield link.item;
  }
}
