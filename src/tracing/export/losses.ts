/**
 * What was lost on the way: every span is counted, and one sentence is said in each outage, which
 * lasts until a batch arrives and nothing was dropped meanwhile.
 *
 * @module
 */
import type { Sent } from "./sender.ts";

/** Counts lost spans, and tells of them. */
export class Losses {
  readonly #say: (sentence: string) => void;
  #count = 0;
  #droppedSince = 0;
  #isSaid = false;

  constructor(say: (sentence: string) => void) {
    this.#say = say;
  }

  /** All spans lost so far. */
  get count(): number {
    return this.#count;
  }

  /** Counts the oldest span, dropped for a newer one. It is told of when the next batch ends. */
  countDropped(): void {
    this.#count++;
    this.#droppedSince++;
  }

  /** Learns how a batch ended. */
  batchEnded({ lostSpans, sentence }: Sent): void {
    this.#count += lostSpans;
    const lost = lostSpans + this.#droppedSince;
    this.#droppedSince = 0;
    if (lost > 0) {
      this.#sayOnce(`Spans were lost (${lost}): ${sentence ?? "more came than could be sent"}`);
    } else if (sentence !== undefined) this.#sayOnce(sentence);
    else this.#isSaid = false;
  }

  #sayOnce(sentence: string): void {
    if (this.#isSaid) return;
    this.#isSaid = true;
    try {
      this.#say(sentence);
    } catch { /* A logger that fails must not make lost spans worse. */ }
  }
}
