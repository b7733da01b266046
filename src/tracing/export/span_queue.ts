/**
 * The spans that wait to be sent: no more than fit, and the newest of them. What happened last tells
 * most about why nothing arrives.
 *
 * @module
 */
import type { ReadableSpan } from "./readable_span.ts";

/** A ring: a span is put in and taken out without moving another. */
export class SpanQueue {
  /** How many fit. */
  readonly capacity: number;
  readonly #ring: (ReadableSpan | undefined)[] = [];
  #added = 0;
  #removed = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many wait. */
  get length(): number {
    return this.#added - this.#removed;
  }

  /** How many were ever added. */
  get added(): number {
    return this.#added;
  }

  /** How many were ever taken out or dropped: the place of the oldest that waits. */
  get removed(): number {
    return this.#removed;
  }

  /** Adds a span. Where none fits any more, the oldest is dropped, and that is returned as `true`. */
  add(span: ReadableSpan): boolean {
    const isFull = this.length === this.capacity;
    if (isFull) this.#removed++;
    this.#ring[this.#added++ % this.capacity] = span;
    return isFull;
  }

  /** Takes the oldest out, at most this many. */
  take(count: number): ReadableSpan[] {
    const taken: ReadableSpan[] = [];
    while (taken.length < count && this.length > 0) {
      const place = this.#removed++ % this.capacity;
      taken.push(this.#ring[place]!);
      // Sent spans must not be held until the ring comes round.
      this.#ring[place] = undefined;
    }
    return taken;
  }
}
