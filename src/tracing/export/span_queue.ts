/**
 * The spans that wait to be sent. When the queue is full, the oldest is dropped for the newest: the
 * last spans before an outage say most about it.
 *
 * @module
 */
import type { ReadableSpan } from "./readable_span.ts";

/** A ring buffer. */
export class SpanQueue {
  /** How many spans fit. */
  readonly capacity: number;
  readonly #ring: (ReadableSpan | undefined)[] = [];
  #added = 0;
  #removed = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** How many spans wait. */
  get length(): number {
    return this.#added - this.#removed;
  }

  /** How many spans were ever added. */
  get added(): number {
    return this.#added;
  }

  /** How many spans were ever taken out or dropped, which is the position of the oldest one. */
  get removed(): number {
    return this.#removed;
  }

  /** Adds a span. @returns whether the oldest one was dropped for it. */
  add(span: ReadableSpan): boolean {
    const isFull = this.length === this.capacity;
    if (isFull) this.#removed++;
    this.#ring[this.#added++ % this.capacity] = span;
    return isFull;
  }

  /** Takes out the oldest spans, at most this many. */
  take(count: number): ReadableSpan[] {
    const taken: ReadableSpan[] = [];
    while (taken.length < count && this.length > 0) {
      const place = this.#removed++ % this.capacity;
      taken.push(this.#ring[place]!);
      // Otherwise sent spans would stay in memory until the ring comes round.
      this.#ring[place] = undefined;
    }
    return taken;
  }
}
