import assert from "node:assert/strict";
import { describe } from "node:test";
import type { JobInput, Store } from "../../src/store.ts";
import { completed, failed, jobInput, reason, settlement } from "./inputs.ts";
import type { Suite, TestStore } from "./fixture.ts";

export function describeDependencyScale(test: TestStore, { chainLength }: Suite): void {
  describe("many dependencies", () => {
    test("the failure of the first cancels a long chain", async ({ store, claimOne, settle }) => {
      await store.add(chain(chainLength));
      await settle(await claimOne(), failed);
      assert.deepEqual(await countByStatus(store), { failed: 1, cancelled: chainLength - 1 });
    });

    test("cancelling the first cancels a long chain", async ({ store }) => {
      const jobs = chain(chainLength);
      await store.add(jobs);
      await store.cancel(jobs[0]!.id, { error: reason });
      assert.deepEqual(await countByStatus(store), { cancelled: chainLength });
    });

    test("a long chain behind a failed job is cancelled when it is added", async (fixture) => {
      const { store, add, claimOne, settle } = fixture;
      const { id } = await add();
      await settle(await claimOne(), failed);
      await store.add(chain(chainLength, [id]));
      assert.deepEqual(await countByStatus(store), { failed: 1, cancelled: chainLength });
    });

    test("each job of a hundred diamonds in a row is visited once", async ({ store }) => {
      // Two to the power of a hundred ways lead from its top to its foot.
      const jobs = [jobInput()];
      for (let i = 0; i < 100; i++) {
        const dependsOn = [jobs.at(-1)!.id];
        const [left, right] = [jobInput({ dependsOn }), jobInput({ dependsOn })];
        jobs.push(left, right, jobInput({ dependsOn: [left.id, right.id] }));
      }
      await store.add(jobs);
      await store.cancel(jobs[0]!.id, { error: reason });
      assert.deepEqual(await countByStatus(store), { cancelled: 301 });
    });

    test("one job frees 500 dependents", async ({ add, addAll, claim, claimOne, settle }) => {
      const { id } = await add();
      await addAll(Array(500).fill({ dependsOn: [id] }));
      await settle(await claimOne(), completed);
      assert.equal((await claim({ limit: 500 })).length, 500);
    });

    test("one job waits for 500", async ({ add, addAll, claim, settle, store, statusOf }) => {
      const added = await addAll(Array(500).fill({}));
      const { id } = await add({ dependsOn: added.map(({ job }) => job.id) });
      const [last, ...others] = await claim();
      const settlements = others.map((job) => settlement(job, completed));
      await store.settleAndClaim({ settlements, claims: [] });
      assert.equal(await statusOf(id), "blocked");
      await settle(last!, completed);
      assert.equal(await statusOf(id), "ready");
    });

    test("one job that waits for 500 is freed when all end in one call", async (fixture) => {
      const { add, addAll, claim, store, statusOf } = fixture;
      const added = await addAll(Array(500).fill({}));
      const dependsOn = added.map(({ job }) => job.id);
      const { id } = await add({ dependsOn, onDependencyFailure: "run" });
      const settlements = (await claim()).map((job, i) =>
        settlement(job, i % 2 === 0 ? completed : failed)
      );
      await store.settleAndClaim({ settlements, claims: [] });
      assert.equal(await statusOf(id), "ready");
    });
  });
}

function chain(length: number, firstDependsOn: readonly string[] = []): readonly JobInput[] {
  const jobs = [jobInput({ dependsOn: firstDependsOn })];
  while (jobs.length < length) jobs.push(jobInput({ dependsOn: [jobs.at(-1)!.id] }));
  return jobs;
}

async function countByStatus(store: Store): Promise<Record<string, number>> {
  return Object.fromEntries((await store.counts()).map(({ status, count }) => [status, count]));
}
