/**
 * How long a store takes to answer, as its workers see it: whatever is far, slow or busy in between
 * counts.
 *
 * @module
 */
import type { WorkerSettings } from "./worker_settings.ts";

// How much the latest answer counts.
const WEIGHT = 0.25;
// A claim's answer, an extension and an outcome that waits behind another turn all fit into it.
const LEASE_IN_ANSWERS = 4;
// Timers and a busy processor make an answer this much later than the store gave it.
const SLACK_MS = 5;
const SLACK = 0.02;

/** The round trip to one store. */
export class RoundTrip {
  readonly #tooShort: Set<WorkerSettings>;
  #ms: number | undefined;
  #lastMs = 0;

  constructor(settings: readonly WorkerSettings[]) {
    this.#tooShort = new Set(settings);
  }

  /** How long answers take at present, in ms; 0 before the first one. */
  get ms(): number {
    return this.#ms ?? 0;
  }

  /** The store has answered. Says so once to a worker whose lease is too short for such answers. */
  answered(tookMs: number): void {
    this.#ms = this.#ms === undefined ? tookMs : this.#ms + WEIGHT * (tookMs - this.#ms);
    // One slow answer is an accident, two in a row are not.
    const surelyMs = Math.min(tookMs, this.#lastMs) * (1 - SLACK) - SLACK_MS;
    this.#lastMs = tookMs;
    for (const settings of this.#tooShort) {
      if (settings.leaseMs >= LEASE_IN_ANSWERS * surelyMs) continue;
      this.#tooShort.delete(settings);
      settings.onError(tooShort(settings, tookMs));
    }
  }
}

function tooShort({ queueName, leaseMs }: WorkerSettings, tookMs: number): Error {
  return new Error(
    `The lease of ${leaseMs} ms is too short for this store, which took ${Math.round(tookMs)} ms ` +
      `to answer: expected at least ${LEASE_IN_ANSWERS} times that for the jobs of ${queueName}`,
  );
}
