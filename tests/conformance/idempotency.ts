import assert from "node:assert/strict";
import { describe } from "node:test";
import type { JobInput } from "../../src/store.ts";
import { completed, failed, jobInput } from "./inputs.ts";
import { definedFields, jobsFound } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const idempotencyKey = "order-12345";

export function describeIdempotency(test: TestStore): void {
  describe("idempotency", () => {
    test("a used key in the same queue answers the first job", async ({ store, get }) => {
      const [first] = await store.add([jobInput({ idempotencyKey, payload: "1" })]);
      const [second] = await store.add([jobInput({ idempotencyKey, payload: "2" })]);
      assert.deepEqual([first?.deduplicated, second?.deduplicated], [false, true]);
      assert.deepEqual(second?.job, await get(first!.job.id));
      assert.equal(second?.job.payload, "1");
      assert.equal((await jobsFound(store, { limit: 10 })).length, 1);
    });

    test("the same key in another queue is another job", async ({ addAll }) => {
      const added = await addAll([
        { idempotencyKey, queueName: "payments" },
        { idempotencyKey, queueName: "mails" },
      ]);
      assert.deepEqual(added.map(({ deduplicated }) => deduplicated), [false, false]);
    });

    test("jobs without a key are never the same", async ({ addAll, store }) => {
      await addAll([{}, {}, {}]);
      assert.equal((await jobsFound(store, { limit: 10 })).length, 3);
    });

    test("a key counts within one call too", async ({ addAll, store }) => {
      const [first, , third] = await addAll([{ idempotencyKey }, {}, { idempotencyKey }]);
      assert.equal(third?.deduplicated, true);
      assert.equal(third?.job.id, first?.job.id);
      assert.equal((await jobsFound(store, { limit: 10 })).length, 2);
    });

    test("a key stays used when its job has ended", async ({ add, addAll, claimOne, settle }) => {
      const first = await add({ idempotencyKey });
      await settle(await claimOne(), completed);
      const [again] = await addAll([{ idempotencyKey }]);
      assert.deepEqual([again?.job.id, again?.job.status], [first.id, "completed"]);
      assert.equal(again?.deduplicated, true);
    });

    test("the same id twice is the first job", async ({ store }) => {
      const input = jobInput({ payload: "1" });
      const [first, within] = await store.add([input, { ...input, priority: 2 }]);
      const [later] = await store.add([{ ...input, priority: 3 }]);
      assert.deepEqual(
        [first, within, later].map((one) => [one?.deduplicated, one?.job.payload]),
        [[false, "1"], [true, "1"], [true, "1"]],
      );
      assert.equal((await jobsFound(store, { limit: 10 })).length, 1);
    });

    test("dependencies and parents point to the stored job", async ({ add, store, get }) => {
      const stored = await add({ idempotencyKey });
      const again = jobInput({ idempotencyKey });
      const dependent = jobInput({ dependsOn: [again.id], parentId: again.id });
      await store.add([again, dependent]);
      const { dependsOn, parentId, status } = await get(dependent.id);
      assert.deepEqual(dependsOn, [stored.id]);
      assert.equal(parentId, stored.id);
      assert.equal(status, "blocked");
      assert.deepEqual((await jobsFound(store, { parentId: stored.id, limit: 10 })).length, 1);
    });

    test("within one call they point to the first of the two", async ({ store, get }) => {
      const [first, again] = [jobInput({ idempotencyKey }), jobInput({ idempotencyKey })];
      const dependent = jobInput({ dependsOn: [again.id], parentId: again.id });
      await store.add([first, again, dependent]);
      const { dependsOn, parentId } = await get(dependent.id);
      assert.deepEqual([dependsOn, parentId], [[first.id], first.id]);
    });

    test("a dependent of a used key starts after the stored job", async (fixture) => {
      const { add, store, claimOne, settle, statusOf } = fixture;
      await add({ idempotencyKey });
      const again = jobInput({ idempotencyKey });
      const dependent = jobInput({ dependsOn: [again.id] });
      await store.add([again, dependent]);
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("a dependent of a used key learns how the stored job ended", async (fixture) => {
      const { add, store, claimOne, settle, statusOf } = fixture;
      await add({ idempotencyKey });
      await settle(await claimOne(), failed);
      const again = jobInput({ idempotencyKey });
      const dependent = jobInput({ dependsOn: [again.id] });
      await store.add([again, dependent]);
      assert.equal(await statusOf(dependent.id), "cancelled");
    });

    test("two dependencies that are one stored job count once", async (fixture) => {
      const { add, store, claimOne, settle, statusOf, get } = fixture;
      const stored = await add({ idempotencyKey });
      const again = jobInput({ idempotencyKey });
      const other = await add({ queueName: "others" });
      const dependent = jobInput({ dependsOn: [again.id, other.id, stored.id] });
      const [, added] = await store.add([again, dependent]);
      for (const { dependsOn } of [added!.job, await get(dependent.id)]) {
        assert.deepEqual(dependsOn, [stored.id, other.id]);
      }
      await settle(await claimOne({ queueName: "others" }), completed);
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("an id of another job is refused, and nothing of the call is stored", async (fixture) => {
      const { store, add, get } = fixture;
      const { id } = await add({ payload: '{"a":1}' });
      const before = definedFields(await get(id));
      const others: Partial<JobInput>[] = [
        { id, payload: '{"a":2}' },
        { id, payload: '{"a":1}', queueName: "another" },
        { id, payload: '{"a":2}', idempotencyKey: "key" },
      ];
      for (const other of others) {
        const [first, last] = [jobInput(), jobInput()];
        const calls = [
          [jobInput(other)],
          [first, jobInput(other), last],
          [first, jobInput(other), jobInput({ dependsOn: [first.id] })],
        ];
        for (const call of calls) {
          await assert.rejects(store.add(call), { name: "JobIdTakenError", jobId: id });
        }
        assert.equal(await store.get(first.id), undefined);
      }
      assert.deepEqual(definedFields(await get(id)), before);
      const again = await store.add([jobInput({ id, payload: '{"a":1}' }), jobInput()]);
      assert.deepEqual(again.map(({ deduplicated }) => deduplicated), [true, false]);
    });

    test("an id twice in a call is one job, or refused", async ({ store }) => {
      const job = jobInput();
      const [one, other] = await store.add([job, job]);
      assert.deepEqual([one!.deduplicated, other!.deduplicated], [false, true]);
      const next = jobInput();
      await assert.rejects(store.add([next, { ...next, payload: '"another"' }]), {
        name: "JobIdTakenError",
      });
      assert.equal(await store.get(next.id), undefined);
    });

    test("a call that is refused for its id harms none that is made beside it", async (fixture) => {
      const { store, add } = fixture;
      const { id } = await add();
      const calls = Array.from(
        { length: 9 },
        (_, i) => store.add([jobInput(i === 4 ? { id, payload: '"another"' } : {})]),
      );
      const settled = await Promise.allSettled(calls);
      assert.deepEqual(
        settled.map(({ status }) => status),
        calls.map((_, i) => i === 4 ? "rejected" : "fulfilled"),
      );
    });
  });
}
