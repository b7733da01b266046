import assert from "node:assert/strict";
import { describe } from "node:test";
import { type JobInput, jobStatuses, type RecordFilter } from "../../src/store.ts";
import { jobInput, newJobId, newTraceId } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { definedFields, jobsFound } from "./answers.ts";

export function describeFinding(test: TestStore): void {
  describe("finding", () => {
    test("an empty store has nothing to find", async ({ store }) => {
      assert.deepEqual(await jobsFound(store, { limit: 10 }), []);
    });

    test("all jobs are found, newest first, up to the limit", async ({ addAll, store }) => {
      const added = await addAll(Array(5).fill({}));
      const newestFirst = added.map(({ job }) => job.id).reverse();
      const found = await jobsFound(store, { limit: 10 });
      assert.deepEqual(found.map(({ id }) => id), newestFirst);
      const some = await jobsFound(store, { limit: 2 });
      assert.deepEqual(some.map(({ id }) => id), newestFirst.slice(0, 2));
    });

    test("what is found is what is stored", async (fixture) => {
      for (const status of jobStatuses) {
        const { id } = await jobWithStatus[status](fixture);
        const found = await jobsFound(fixture.store, { limit: 10, statuses: [status] });
        assert.deepEqual(
          definedFields(found.find((job) => job.id === id)!),
          definedFields(await fixture.get(id)),
        );
        await fixture.store.cancel(id, { error: { name: "Done", message: "with this status" } });
      }
    });

    const fields: readonly (readonly [keyof RecordFilter & keyof JobInput, string, string])[] = [
      ["traceId", "1".repeat(32), "2".repeat(32)],
      ["correlationId", "order-1", "order-2"],
    ];
    for (const [field, one, other] of fields) {
      test(`by ${field}`, async (fixture) => {
        await fixture.addAll([{ [field]: one }, { [field]: other }, { [field]: one }, {}]);
        assert.equal((await jobsFound(fixture.store, { [field]: one, limit: 10 })).length, 2);
        assert.equal((await jobsFound(fixture.store, { [field]: other, limit: 10 })).length, 1);
        assert.equal(
          (await jobsFound(fixture.store, { [field]: "none of them", limit: 10 })).length,
          0,
        );
      });
    }

    test("by queue, or by several", async (fixture) => {
      const queues = ["payments", "mails", "payments", "sms", ..."abcdefghij"];
      await fixture.addAll(queues.map((queueName) => ({ queueName })));
      const inQueues = async (...queueNames: string[]) =>
        (await jobsFound(fixture.store, { queueNames, limit: 100 })).map((job) => job.queueName);
      assert.deepEqual(await inQueues("payments"), ["payments", "payments"]);
      assert.deepEqual(await inQueues("mails", "payments", "mails"), [
        "payments",
        "mails",
        "payments",
      ]);
      assert.deepEqual(await inQueues(..."abcdefghij"), [..."jihgfedcba"]);
      assert.deepEqual(await inQueues("none of them"), []);
      assert.deepEqual(await inQueues(), []);
    });

    test("by id, whatever else is asked for too", async ({ addAll, store }) => {
      const [a, b] = await addAll([{ queueName: "mails" }, { queueName: "sms" }, {}]);
      const ids = [a!.job.id, newJobId(), b!.job.id, a!.job.id, "none"];
      const byId = await jobsFound(store, { ids, limit: 10 });
      assert.deepEqual(byId.map(({ id }) => id), [b!.job.id, a!.job.id]);
      const inMails = await jobsFound(store, { ids, queueNames: ["mails"], limit: 10 });
      assert.deepEqual(inMails.map(({ id }) => id), [a!.job.id]);
      assert.deepEqual(await jobsFound(store, { ids: [], limit: 10 }), []);
    });

    test("by parent", async ({ store, add }) => {
      const parent = await add();
      const children = [jobInput({ parentId: parent.id }), jobInput({ parentId: parent.id })];
      await store.add([...children, jobInput({ parentId: children[0]!.id })]);
      const found = await jobsFound(store, { parentId: parent.id, limit: 10 });
      assert.deepEqual(found.map(({ id }) => id), children.map(({ id }) => id).reverse());
    });

    test("by one status or several", async (fixture) => {
      const ids = new Map<string, string>();
      // Those that need an empty queue come before those that fill it.
      for (const status of [...jobStatuses].sort(byNeed)) {
        ids.set(status, (await jobWithStatus[status](fixture)).id);
      }
      const found = (statuses: RecordFilter["statuses"]) => idsOf(fixture, { statuses });
      for (const status of jobStatuses) assert.ok((await found([status])).has(ids.get(status)!));
      const two = await found(["failed", "cancelled"]);
      assert.deepEqual(two, new Set([ids.get("failed"), ids.get("cancelled")]));
      assert.equal((await found([...jobStatuses])).size, 9);
      assert.equal((await found([])).size, 0);
    });

    test("by time: from the first moment on, before the second", async (fixture) => {
      const times: number[] = [];
      for (let i = 0; i < 4; i++) {
        times.push((await fixture.add()).createdAt);
        fixture.clock.pass(10);
      }
      const [, from, , before] = times;
      const found = await jobsFound(fixture.store, {
        createdFrom: from,
        createdBefore: before,
        limit: 9,
      });
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
      const filter = { traceId, queueNames: [queueName], correlationId, limit: 10 };
      const found = await jobsFound(store, filter);
      assert.deepEqual(found.map(({ id }) => id), [added[0]!.job.id]);
      assert.deepEqual(await jobsFound(store, { ...filter, statuses: ["running"] }), []);
      assert.deepEqual(await jobsFound(store, { ...filter, before: added[0]!.job.sequence }), []);
    });
  });
}

/** The ready job comes last, or the others would be claimed in its place. */
function byNeed(a: string, b: string): number {
  return Number(a === "ready") - Number(b === "ready");
}

async function idsOf({ store }: Fixture, filter: Partial<RecordFilter>): Promise<Set<string>> {
  return new Set((await jobsFound(store, { limit: 100, ...filter })).map(({ id }) => id));
}
