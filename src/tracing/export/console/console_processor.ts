/**
 * Finished spans, printed for a person who watches a terminal: each when it ends, so a parent comes
 * below its children.
 *
 * @module
 */
import type { ReadableSpan } from "../readable_span.ts";
import { describeSpan } from "./describe_span.ts";

/** A `SpanProcessor` that prints. None of its calls throws or rejects. */
export class ConsoleProcessor {
  readonly #print: (text: string) => void;

  /** @param print gets the text of one span, which has no line break at its end. */
  constructor(print: (text: string) => void = (text) => console.log(text)) {
    this.#print = print;
  }

  /** A span that begins has nothing to show yet. */
  onStart(): void {}

  /** Prints a span that is sampled. */
  onEnd(span: ReadableSpan): void {
    if ((span.spanContext().traceFlags & 1) === 0) return;
    try {
      this.#print(describeSpan(span));
    } catch { /* A terminal that is gone must not fail the job that the span is of. */ }
  }

  /** Nothing is held. */
  forceFlush(): Promise<void> {
    return Promise.resolve();
  }

  /** Nothing is held. */
  shutdown(): Promise<void> {
    return Promise.resolve();
  }
}
