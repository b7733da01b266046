import assert from "node:assert/strict";
import { describe } from "node:test";
import { newTraceId } from "../../src/job/ids.ts";
import { jobStatuses } from "../../src/job/status.ts";
import type { JobInput } from "../../src/job/record.ts";
import type { RecordFilter } from "../../src/store/store.ts";
import { jobInput } from "./job_input.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Scene } from "./scene.ts";
import { stated } from "./stated.ts";
import type { TestStore } from "./test_store.ts";

export function describeFinding(test: TestStore): void {
  describe("finding", () => {
    test("an empty store has nothing to find", async ({ store }) => {
      assert.deepEqual(await store.find({ limit: 10 }), []);
    });

    test("all jobs are found, newest first, up to the limit", async ({ addAll, store }) => {
      const added = await addAll(Array(5).fill({}));
      const newestFirst = added.map(({ job }) => job.id).reverse();
      const found = await store.find({ limit: 10 });
      assert.deepEqual(found.map(({ id }) => id), newestFirst);
      const some = await store.find({ limit: 2 });
      assert.deepEqual(some.map(({ id }) => id), newestFirst.slice(0, 2));
    });

    test("what is found is what is stored", async (scene) => {
      for (const status of jobStatuses) {
        const { id } = await jobWithStatus[status](scene);
        const found = await scene.store.find({ limit: 10, statuses: [status] });
        assert.deepEqual(
          stated(found.find((job) => job.id === id)!),
          stated(await scene.get(id)),
        );
        await scene.store.cancel(id, { name: "Done", message: "with this status" });
      }
    });

    const fields: readonly (readonly [keyof RecordFilter & keyof JobInput, string, string])[] = [
      ["queueName", "payments", "mails"],
      ["traceId", "1".repeat(32), "2".repeat(32)],
      ["correlationId", "order-1", "order-2"],
    ];
    for (const [field, one, other] of fields) {
      test(`by ${field}`, async (scene) => {
        await scene.addAll([{ [field]: one }, { [field]: other }, { [field]: one }, {}]);
        assert.equal((await scene.store.find({ [field]: one, limit: 10 })).length, 2);
        assert.equal((await scene.store.find({ [field]: other, limit: 10 })).length, 1);
        assert.equal((await scene.store.find({ [field]: "none of them", limit: 10 })).length, 0);
      });
    }

    test("by parent", async ({ store, add }) => {
      const parent = await add();
      const children = [jobInput({ parentId: parent.id }), jobInput({ parentId: parent.id })];
      await store.add([...children, jobInput({ parentId: children[0]!.id })]);
      const found = await store.find({ parentId: parent.id, limit: 10 });
      assert.deepEqual(found.map(({ id }) => id), children.map(({ id }) => id).reverse());
    });

    test("by one status or several", async (scene) => {
      const ids = new Map<string, string>();
      // Those that need an empty queue come before those that fill it.
      for (const status of [...jobStatuses].sort(byNeed)) {
        ids.set(status, (await jobWithStatus[status](scene)).id);
      }
      const found = (statuses: RecordFilter["statuses"]) => idsOf(scene, { statuses });
      for (const status of jobStatuses) assert.ok((await found([status])).has(ids.get(status)!));
      const two = await found(["failed", "cancelled"]);
      assert.deepEqual(two, new Set([ids.get("failed"), ids.get("cancelled")]));
      assert.equal((await found([...jobStatuses])).size, 9);
      assert.equal((await found([])).size, 0);
    });

    test("by time: from the first moment on, before the second", async (scene) => {
      const times: number[] = [];
      for (let i = 0; i < 4; i++) {
        times.push((await scene.add()).createdAt);
        scene.clock.pass(10);
      }
      const [, from, , before] = times;
      const found = await scene.store.find({ createdFrom: from, createdBefore: before, limit: 9 });
      assert.deepEqual(found.map(({ createdAt }) => createdAt), [times[2], times[1]]);
    });

    test("all conditions must hold together", async ({ addAll, store }) => {
      const [traceId, queueName, correlationId] = [newTraceId(), "mails", "order-1"];
      const added = await addAll([
        { traceId, queueName, correlationId },
        { traceId, queueName },
        { traceId, correlationId },
        { queueName, correlationId },
      ]);
      const filter = { traceId, queueName, correlationId, limit: 10 };
      const found = await store.find(filter);
      assert.deepEqual(found.map(({ id }) => id), [added[0]!.job.id]);
      assert.deepEqual(await store.find({ ...filter, statuses: ["running"] }), []);
      assert.deepEqual(await store.find({ ...filter, before: added[0]!.job.sequence }), []);
    });
  });
}

/** The ready job comes last, or the others would be claimed in its place. */
function byNeed(a: string, b: string): number {
  return Number(a === "ready") - Number(b === "ready");
}

async function idsOf({ store }: Scene, filter: Partial<RecordFilter>): Promise<Set<string>> {
  return new Set((await store.find({ limit: 100, ...filter })).map(({ id }) => id));
}
