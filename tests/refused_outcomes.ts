import assert from "node:assert/strict";
import { test } from "node:test";
import { job, JobQueue, type Store } from "../mod.ts";
import { until } from "./until.ts";

/** A store of which somebody has decided that it takes some things no more. */
export interface RefusingStore extends AsyncDisposable {
  readonly store: Store;
  /** From now on no job can have a result with this word in it. */
  readonly refuseResults: (word: string) => Promise<void>;
  /** From now on nothing can end an attempt of this job. */
  readonly refuseEnds: (id: string) => Promise<void>;
}

/** What holds of a store that refuses one job's row. */
export function testRefusedOutcomes(open: () => Promise<RefusingStore>): void {
  test("one outcome that is refused keeps no other from being recorded", async () => {
    await using place = await open();
    const queue = new JobQueue({ store: place.store });
    await place.refuseResults("emoji");
    const errors: unknown[] = [];
    const added = await queue.enqueue(
      Array.from({ length: 10 }, (_, i) => job("orders", i, { maxAttempts: 1 })),
    );
    const worker = queue.worker("orders", ({ payload }) => payload === 4 ? "emoji" : "text", {
      onError: (error) => errors.push(error),
    });
    const { completed, failed } = await worker.tick();
    assert.deepEqual([completed, failed, errors], [9, 1, []]);
    const { status, error, result, attemptHistory } = (await queue.get(added[4]!.id))!;
    assert.deepEqual([status, result], ["failed", undefined]);
    assert.equal(error?.name, "OutcomeRefusedError");
    assert.match(error.message, /^The store refused to record the attempt as completed: ./);
    assert.deepEqual(attemptHistory.map(({ outcome }) => outcome), ["failed"]);
  });

  test("a refused outcome is a failed attempt, with its retries and its hooks", async () => {
    await using place = await open();
    const queue = new JobQueue({ store: place.store });
    await place.refuseResults("emoji");
    const events: string[] = [];
    const { id } = await queue.enqueue("orders", {}, { maxAttempts: 2 });
    const worker = queue.worker("orders", ({ attempts }) => attempts === 1 ? "emoji" : "text", {
      backoff: { type: "fixed", delayMs: 0 },
      onJobRetry: ({ error }) => void events.push(`retry ${error.name}`),
      onJobComplete: () => void events.push("complete"),
    });
    await worker.tick();
    assert.deepEqual(events, ["retry OutcomeRefusedError", "complete"]);
    assert.deepEqual((await queue.get(id))?.attempts, 2);
  });

  test("a job of which every outcome is refused is given up, once, and told of", async () => {
    await using place = await open();
    const queue = new JobQueue({ store: place.store });
    const added = await queue.enqueue(Array.from({ length: 10 }, (_, i) => job("orders", i)));
    const errors: unknown[] = [];
    const { id } = added[4]!;
    await place.refuseEnds(id);
    const worker = queue.worker("orders", () => {}, { onError: (error) => errors.push(error) });
    const { completed, leaseExpired } = await worker.tick();
    assert.deepEqual([completed, leaseExpired, errors.length], [9, 1, 1]);
    assert.match(
      String(errors[0]),
      new RegExp(`The store refuses every outcome of orders ${id}; it runs again after its lease`),
    );
  });

  test("a lease that cannot be swept keeps no other from being swept", async () => {
    await using place = await open();
    const { store } = place;
    const queue = new JobQueue({ store });
    const added = await queue.enqueue(Array.from({ length: 5 }, (_, i) => job("orders", i)));
    const claims = [{ queueName: "orders", limit: 5, leaseMs: 1 }];
    await store.settleAndClaim({ settlements: [], claims });
    const { id } = added[0]!;
    await place.refuseEnds(id);
    const swept: string[] = [];
    // A store that has just looked for expired leases does not look again at once.
    await until("the others are swept", 10_000, async () => {
      const { expired, refused } = await store.maintain({ retentionMs: 1e9, limit: 10 });
      swept.push(...expired.map((one) => one.id));
      assert.ok(refused.every(({ jobId, message }) => jobId === id && message !== ""));
      return swept.length > 0;
    });
    assert.deepEqual(swept.sort(), added.slice(1).map((one) => one.id).sort());
    assert.equal((await store.get(id))?.status, "running");
  });
}
