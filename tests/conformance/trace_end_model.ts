import assert from "node:assert/strict";
import { hasEnded, type JobRecord, type Store } from "../../src/store.ts";

/** Counts the ends of traces as they must be, step by step, and compares what a store recorded. */
export class TraceEndModel {
  readonly #epochs = new Map<string, number>();
  readonly #endedBefore = new Set<string>();

  /**
   * After one step: takes every end that the store recorded in it. A step in which no job ended is
   * passed over: an end that it made up comes to light with the next one.
   */
  async check(store: Store, jobs: readonly JobRecord[]): Promise<void> {
    const unfinished = new Set(
      jobs.filter(({ status }) => !hasEnded(status)).map(({ traceId }) => traceId),
    );
    const endedNow = jobs.filter(({ id, status }) =>
      hasEnded(status) && !this.#endedBefore.has(id)
    );
    if (endedNow.length === 0) return;
    for (const { id } of endedNow) this.#endedBefore.add(id);
    const expected = [...new Set(endedNow.map(({ traceId }) => traceId))]
      .filter((traceId) => !unfinished.has(traceId))
      .map((traceId) => `${traceId} ${this.#nextEpoch(traceId)}`);

    const ends = await store.traceEnds!.claim({ limit: 1_000, leaseMs: 1_000 });
    if (ends.length > 0) await store.traceEnds!.settle(ends);
    const recorded = ends.map(({ traceId, epoch }) => `${traceId} ${epoch}`);
    assert.deepEqual(recorded.sort(), expected.sort(), "Each end of a trace is recorded once");
    for (const { jobId, traceId, finishedAt, correlationId } of ends) {
      const last = jobs.find(({ id }) => id === jobId)!;
      assert.deepEqual(
        [last.traceId, last.finishedAt, last.correlationId],
        [traceId, finishedAt, correlationId],
        "It stands on a job of the trace that ended last",
      );
      assert.ok(endedNow.includes(last));
    }
  }

  #nextEpoch(traceId: string): number {
    const epoch = (this.#epochs.get(traceId) ?? 0) + 1;
    this.#epochs.set(traceId, epoch);
    return epoch;
  }
}
