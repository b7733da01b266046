/**
 * The spans that were lost. Each is counted, and each outage is reported once: it ends when a batch
 * arrives and no span was dropped since the one before.
 *
 * @module
 */
import type { SendResult } from "./sender.ts";

/** Counts lost spans, and reports outages. */
export class Losses {
  readonly #warn: (message: string) => void;
  #count = 0;
  #unreportedDrops = 0;
  #isReported = false;

  constructor(warn: (message: string) => void) {
    this.#warn = warn;
  }

  /** How many spans were lost so far. */
  get count(): number {
    return this.#count;
  }

  /** Counts a span dropped for a newer one. It is reported when the next batch ends. */
  countDropped(): void {
    this.#count++;
    this.#unreportedDrops++;
  }

  /** Counts what a batch lost, and reports it. */
  batchEnded({ lostSpans, message }: SendResult): void {
    this.#count += lostSpans;
    const lost = lostSpans + this.#unreportedDrops;
    this.#unreportedDrops = 0;
    if (lost > 0) {
      this.#reportOnce(`Spans were lost (${lost}): ${message ?? "more came than could be sent"}`);
    } else if (message !== undefined) this.#reportOnce(message);
    else this.#isReported = false;
  }

  #reportOnce(message: string): void {
    if (this.#isReported) return;
    this.#isReported = true;
    try {
      this.#warn(message);
    } catch { /* A logger that throws must not lose further spans. */ }
  }
}
