import assert from "node:assert/strict";
import { describe } from "node:test";
import type { JobInput } from "../../src/store.ts";
import { jobInput, newJobId } from "./inputs.ts";
import { attemptsOf, definedFields, jobsFound } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

export function describeAdding(test: TestStore): void {
  describe("adding", () => {
    test("jobs of one call are answered in their order, with growing numbers", async (fixture) => {
      const ids = Array.from({ length: 100 }, newJobId);
      const added = await fixture.addAll(ids.map((id) => ({ id })));
      assert.deepEqual(added.map(({ job }) => job.id), ids);
      const sequences = added.map(({ job }) => job.sequence);
      assert.deepEqual(sequences, [...sequences].sort((a, b) => a - b));
      assert.equal(new Set(sequences).size, 100);
    });

    test("a later call goes on with higher numbers", async ({ add }) => {
      const [first, second] = [await add(), await add()];
      assert.ok(first.sequence >= 1);
      assert.ok(second.sequence > first.sequence);
    });

    test("adding nothing answers nothing", async ({ store }) => {
      assert.deepEqual(await store.add([]), []);
      assert.deepEqual(await store.counts(), []);
    });

    test("a job is kept as it was given, with the store's part", async ({ add, get, clock }) => {
      const [parent, dependency] = [await add(), await add()];
      const input = fullInput(parent.id, dependency.id);
      const { delayMs: _, ...kept } = input;
      const job = await add(input);
      const expected = {
        ...kept,
        sequence: job.sequence,
        status: "blocked",
        attempts: 0,
        releases: 0,
        snoozes: 0,
        createdAt: clock.now(),
        runAt: clock.now() + 5_000,
      };
      assert.deepEqual(definedFields(job), expected);
      assert.deepEqual(definedFields(await get(job.id)), expected);
    });

    test("what a job was not given stays absent", async ({ add, clock }) => {
      const input = jobInput();
      const job = await add(input);
      assert.deepEqual(definedFields(job), {
        ...input,
        sequence: job.sequence,
        status: "ready",
        attempts: 0,
        releases: 0,
        snoozes: 0,
        createdAt: clock.now(),
        runAt: clock.now(),
      });
    });

    test("delayMs counts from the store's time", async ({ add, clock }) => {
      const { status, runAt } = await add({ delayMs: 1_500 });
      assert.deepEqual({ status, runAt }, { status: "scheduled", runAt: clock.now() + 1_500 });
      assert.equal((await add({ delayMs: 0 })).status, "ready");
    });

    test("runAt is compared with the store's time", async ({ add, clock }) => {
      const later = await add({ runAt: clock.now() + 1 });
      assert.deepEqual([later.status, later.runAt], ["scheduled", clock.now() + 1]);
      assert.equal((await add({ runAt: clock.now() })).status, "ready");
    });

    test("a time that is over counts as now", async ({ add, claimOne, clock }) => {
      const { status, runAt } = await add({ runAt: clock.now() - 60_000 });
      assert.deepEqual([status, runAt], ["ready", clock.now()]);
      assert.equal((await claimOne()).waitMs, 0);
    });

    test("an unknown dependency refuses the whole call", async ({ store }) => {
      const inputs = [jobInput(), jobInput({ dependsOn: [newJobId()] }), jobInput()];
      await assert.rejects(store.add(inputs), RangeError);
      assert.deepEqual(await jobsFound(store, { limit: 10 }), []);
      assert.deepEqual(await store.counts(), []);
    });

    test("a parent need not be stored: it may have been removed", async ({ add, store }) => {
      const parentId = newJobId();
      const { id } = await add({ parentId });
      const found = await jobsFound(store, { parentId, limit: 10 });
      assert.deepEqual(found.map((job) => job.id), [id]);
    });

    test("a refused call can be repeated once it is right", async ({ store, statusOf }) => {
      const [first, second] = [jobInput({ idempotencyKey: "order 1" }), jobInput()];
      await assert.rejects(store.add([first, { ...second, dependsOn: [newJobId()] }]), RangeError);
      const added = await store.add([first, { ...second, dependsOn: [first.id] }]);
      assert.deepEqual(added.map(({ deduplicated }) => deduplicated), [false, false]);
      assert.equal(await statusOf(second.id), "blocked");
    });

    test("a job cannot depend on itself or on a later job of its call", async ({ store }) => {
      const [first, second] = [jobInput(), jobInput()];
      await assert.rejects(store.add([{ ...first, dependsOn: [first.id] }]), RangeError);
      await assert.rejects(store.add([{ ...first, dependsOn: [second.id] }, second]), RangeError);
      assert.deepEqual(await store.counts(), []);
    });

    test("an unknown id has no job and no attempts", async ({ store }) => {
      assert.equal(await store.get(newJobId()), undefined);
      assert.deepEqual(await attemptsOf(store, newJobId()), []);
    });
  });
}

function fullInput(parentId: string, dependency: string): JobInput {
  return {
    id: newJobId(),
    queueName: "mail.out:eu-1",
    payload: '{"to":"a@example.com"}',
    priority: -32_768,
    delayMs: 5_000,
    maxAttempts: 7,
    backoff: '{"type":"fixed","delayMs":10}',
    timeoutMs: 2_147_483_647,
    idempotencyKey: "order 1",
    dependsOn: [dependency],
    onDependencyFailure: "run",
    traceId: "550e8400e29b41d4a716446655440000",
    correlationId: "order-12345",
    parentId,
    traceparent: "00-550e8400e29b41d4a716446655440000-b7ad6b7169203331-01",
    tracestate: "vendor=value",
  };
}
