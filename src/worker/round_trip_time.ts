/**
 * How long the round trips to a store take, as its workers see it: whatever is far, slow or busy in
 * between counts.
 *
 * @module
 */
import type { WorkerSettings } from "./options.ts";

// How much the latest answer counts.
const WEIGHT = 0.25;
// A claim's answer, an extension and an outcome that waits behind another turn all fit into it.
const LEASE_IN_ROUND_TRIPS = 4;
// Timers and a busy processor make an answer this much later than the store gave it.
const SLACK_MS = 5;
const SLACK = 0.02;

/** How long the round trips to one store take. */
export class RoundTripTime {
  /** How long they take at present, in ms; 0 before the first answer. */
  ms = 0;
  readonly #unwarned: Set<WorkerSettings>;
  #lastMs: number | undefined;

  constructor(settings: readonly WorkerSettings[]) {
    this.#unwarned = new Set(settings);
  }

  /** The store has answered. Says so once to a worker whose lease is too short for such answers. */
  note(tookMs: number): void {
    this.ms = this.#lastMs === undefined ? tookMs : this.ms + WEIGHT * (tookMs - this.ms);
    // One slow answer is an accident, two in a row are not.
    const surelyMs = Math.min(tookMs, this.#lastMs ?? 0) * (1 - SLACK) - SLACK_MS;
    this.#lastMs = tookMs;
    for (const settings of this.#unwarned) {
      if (settings.leaseMs >= LEASE_IN_ROUND_TRIPS * surelyMs) continue;
      this.#unwarned.delete(settings);
      settings.onError(tooShort(settings, tookMs));
    }
  }
}

function tooShort({ queueName, leaseMs }: WorkerSettings, tookMs: number): Error {
  return new Error(
    `The lease of ${leaseMs} ms is too short for this store, which took ${Math.round(tookMs)} ms ` +
      `to answer: expected at least ${LEASE_IN_ROUND_TRIPS} times that for the jobs of ${queueName}`,
  );
}
