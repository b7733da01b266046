import assert from "node:assert/strict";
import { describe } from "node:test";
import {
  changeableStatuses,
  type ChangeFilter,
  type ChangeResult,
  jobStatuses,
  type MassChange,
  type Notice,
} from "../../src/store.ts";
import { attemptsOf, definedFields, jobsFound, takeTraceEnds } from "./answers.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import {
  completed,
  defaultQueue,
  failed,
  jobInput,
  leaseOf,
  newTraceId,
  reason,
} from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";

const operator = { by: "Ada", reason: "the provider is back" };

const changes: Readonly<Record<MassChange["type"], MassChange>> = {
  cancel: { type: "cancel", error: reason },
  retry: { type: "retry" },
  reschedule: { type: "reschedule", delayMs: 0 },
  delete: { type: "delete" },
};

const types = Object.keys(changes) as readonly MassChange["type"][];

export function describeActingOnMany(test: TestStore): void {
  describe("a change of many jobs", () => {
    for (const type of types) {
      test(`${type}: only of jobs that have a status which it is for`, async (fixture) => {
        const ids = new Map<string, string>();
        for (const status of jobStatuses.filter((one) => one !== "ready")) {
          const { id } = await jobWithStatus[status](fixture, { correlationId: "order 1" });
          ids.set(status, id);
        }
        ids.set("ready", (await fixture.add({ correlationId: "order 1" })).id);
        const before = await whole(fixture, [...ids.values()]);
        const filter = { correlationId: "order 1" };
        const expected = changeableStatuses[type].length;
        assert.equal(await fixture.store.countMatching(filter, type, 100), expected);
        const result = await change(fixture, filter, changes[type]);
        assert.deepEqual(definedFields(result), {
          changed: expected,
          refused: 0,
          at: fixture.clock.now(),
        });
        for (const [i, status] of [...ids.keys()].entries()) {
          const isFor = changeableStatuses[type].includes(status as never);
          const job = await fixture.store.get(ids.get(status)!);
          if (!isFor) assert.deepEqual(definedFields(job!), before[i], status);
          else if (type === "delete") assert.equal(job, undefined, status);
          else assert.equal(job?.status, statusAfter(type, status), status);
        }
      });

      test(`${type}: a filter without a value is refused`, async ({ store, add, statusOf }) => {
        const { id } = await add();
        for (const filter of [{}, { traceId: undefined }, { after: 0, asOf: 5 }]) {
          await assert.rejects(store.change(filter, changes[type], { limit: 10 }), TypeError);
          await assert.rejects(store.countMatching(filter, type, 10), TypeError);
        }
        assert.equal(await statusOf(id), "ready");
      });
    }

    test("is of the jobs that match all fields of the filter", async (fixture) => {
      const { addAll, add, clock, store } = fixture;
      const traceId = newTraceId();
      const [first, second] = (await addAll([
        { queueName: "mails", traceId, correlationId: "order 1" },
        { queueName: "sms", traceId, correlationId: "order 2" },
      ])).map(({ job }) => job);
      clock.pass(10);
      const third = await add({ queueName: "mails", parentId: first!.id, delayMs: 1_000 });
      const cases: readonly (readonly [ChangeFilter, readonly string[]])[] = [
        [{ ids: [third.id, first!.id, first!.id] }, [first!.id, third.id]],
        [{ ids: [] }, []],
        [{ queueNames: ["mails"] }, [first!.id, third.id]],
        [{ queueNames: ["mails", "sms"] }, [first!.id, second!.id, third.id]],
        [{ statuses: ["ready"] }, [first!.id, second!.id]],
        [{ statuses: ["completed", "failed"] }, []],
        [{ traceId }, [first!.id, second!.id]],
        [{ traceId, queueNames: ["sms"] }, [second!.id]],
        [{ correlationId: "order 2" }, [second!.id]],
        [{ correlationId: "order 2", queueNames: ["mails"] }, []],
        [{ parentId: first!.id }, [third.id]],
        [{ createdFrom: clock.now() }, [third.id]],
        [{ createdBefore: clock.now() }, [first!.id, second!.id]],
        [{ queueNames: ["mails"], statuses: ["scheduled"] }, [third.id]],
        [{ traceId, after: first!.sequence }, [second!.id]],
      ];
      for (const [i, [filter, expected]] of cases.entries()) {
        const by = `case ${i}`;
        const { changed } = await change(fixture, filter, {
          type: "reschedule",
          priority: 1,
          operator: { by },
        });
        assert.equal(changed, expected.length, by);
        assert.equal(await store.countMatching(filter, "reschedule", 10), expected.length, by);
        const now = await jobsFound(store, { limit: 10 });
        const touched = now.filter(({ operation }) => operation?.by === by).map(({ id }) => id);
        assert.deepEqual(new Set(touched), new Set(expected), by);
      }
    });

    test("goes by a job's own trace, not by that of an attempt", async (fixture) => {
      const { add, claimOne, settle, store, statusOf } = fixture;
      const ranIn = newTraceId();
      const { id, traceId } = await add();
      const traceparent = `00-${ranIn}-00f067aa0ba902b7-01`;
      await settle(await claimOne(), failed, { traceparent });
      assert.equal((await jobsFound(store, { traceId: ranIn, limit: 10 })).length, 1);
      assert.equal((await change(fixture, { traceId: ranIn }, changes.retry)).changed, 0);
      assert.equal(await statusOf(id), "failed");
      assert.equal((await change(fixture, { traceId }, changes.retry)).changed, 1);
    });

    test("goes on, pass by pass, oldest first, from where the one before ended", async (fixture) => {
      const { addAll, store, statusOf } = fixture;
      const ids = (await addAll(Array(5).fill({}))).map(({ job }) => job.id);
      const filter = { queueNames: [defaultQueue] };
      let after: number | undefined;
      for (const [limit, expected] of [[2, 2], [2, 4], [1, 5]] as const) {
        const result = await store.change({ ...filter, after }, changes.cancel, { limit });
        assert.deepEqual([result.changed, result.refused], [limit, 0]);
        assert.equal(result.after === undefined, expected === 5);
        after = result.after;
        const statuses = await Promise.all(ids.map(statusOf));
        assert.deepEqual(
          statuses,
          ids.map((_, i) => i < expected ? "cancelled" : "ready"),
        );
      }
    });

    test("leaves out what ended after the time of the first pass", async (fixture) => {
      const { addAll, claim, settle, store, clock, statusOf } = fixture;
      const ids = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const [first, second, third] = await claim();
      await settle(first!, failed);
      const filter = { queueNames: [defaultQueue] };
      const { at } = await store.change(filter, changes.retry, { limit: 1 });
      assert.equal(at, clock.now());
      await settle(second!, failed);
      clock.pass(1);
      await settle(third!, failed);
      const { changed } = await store.change({ ...filter, asOf: at }, changes.retry, { limit: 10 });
      assert.equal(changed, 1);
      assert.deepEqual(await Promise.all(ids.map(statusOf)), ["ready", "ready", "failed"]);
    });

    test("counts up to one more than is asked", async ({ addAll, store }) => {
      await addAll(Array(5).fill({}));
      const filter = { queueNames: [defaultQueue] };
      for (const [most, count] of [[10, 5], [5, 5], [4, 5], [3, 4]] as const) {
        assert.equal(await store.countMatching(filter, "cancel", most), count);
      }
    });

    test("says who did it and why, on the jobs that matched", async (fixture) => {
      const { add, store, get, clock, claimOne } = fixture;
      const { id, correlationId } = await add({ correlationId: "order 1" });
      const dependent = await add({ dependsOn: [id] });
      assert.equal((await get(id)).operation, undefined);
      const filter = { correlationId };
      await change(fixture, filter, { type: "reschedule", delayMs: 5, operator });
      assert.deepEqual((await get(id)).operation, {
        name: "reschedule",
        at: clock.now(),
        ...operator,
      });
      clock.pass(5);
      await change(fixture, filter, { ...changes.cancel, operator } as MassChange);
      assert.deepEqual((await get(id)).operation, { name: "cancel", at: clock.now(), ...operator });
      clock.pass(5);
      await change(fixture, filter, { type: "retry", operator: { by: "Bob" } });
      const operation = { name: "retry", at: clock.now(), by: "Bob" } as const;
      assert.deepEqual((await get(id)).operation, operation);
      const [found] = await jobsFound(store, { correlationId, limit: 1 });
      assert.deepEqual(found?.operation, operation);
      assert.equal((await get(dependent.id)).operation, undefined);
      const job = await claimOne();
      assert.deepEqual(job.operation, operation);
      await fixture.settle(job, failed);
      assert.deepEqual((await get(id)).operation, operation);
      await change(fixture, filter, changes.retry);
      assert.deepEqual((await get(id)).operation, operation, "nothing was said");
    });

    test("of one job says so, too", async (fixture) => {
      const { add, store, get, clock } = fixture;
      const { id } = await add();
      const child = await add({ parentId: id });
      await store.cancel(id, { error: reason, descendants: true, operator });
      const cancelled = { name: "cancel", at: clock.now(), ...operator };
      assert.deepEqual((await get(id)).operation, cancelled);
      assert.deepEqual((await get(child.id)).operation, cancelled);
      clock.pass(5);
      await store.retry(id, { operator: { by: "Bob" } });
      assert.deepEqual((await get(id)).operation, { name: "retry", at: clock.now(), by: "Bob" });
    });
  });

  describe("cancelling many", () => {
    test("ends them with the reason, and their dependents with them", async (fixture) => {
      const { add, get, clock } = fixture;
      const first = await add({ correlationId: "order 1" });
      const second = await add({ correlationId: "order 1", dependsOn: [first.id] });
      const dependent = await add({ dependsOn: [second.id] });
      const runs = await add({ dependsOn: [first.id], onDependencyFailure: "run" });
      clock.pass(10);
      const result = await change(fixture, { correlationId: "order 1" }, changes.cancel);
      assert.deepEqual([result.changed, result.refused], [2, 0]);
      for (const { id } of [first, second]) {
        const { status, error, finishedAt } = await get(id);
        assert.deepEqual([status, error, finishedAt], ["cancelled", reason, clock.now()]);
      }
      assert.equal((await get(dependent.id)).error?.dependencyId, second.id);
      assert.equal((await get(runs.id)).status, "ready");
    });

    test("ends running attempts, which are kept", async (fixture) => {
      const { addAll, claim, settle, store, clock } = fixture;
      await addAll([{}, {}]);
      const jobs = await claim();
      clock.pass(30);
      await change(fixture, { queueNames: [defaultQueue] }, changes.cancel);
      for (const job of jobs) {
        const [attempt] = await attemptsOf(store, job.id);
        assert.deepEqual([attempt?.outcome, attempt?.error], ["cancelled", reason]);
        assert.deepEqual(await store.extend([leaseOf(job)], { leaseMs: 1_000 }), ["cancelled"]);
        assert.equal(await settle(job, completed), "cancelled");
      }
    });

    test("tells workers which running jobs it cancelled", async (fixture) => {
      const { addAll, claim, store } = fixture;
      await addAll([{}, {}]);
      const running = (await claim()).map(({ id }) => id);
      const told: string[] = [];
      const stop = store.onNotice!((notice: Notice) => {
        if (notice.type === "cancelled") told.push(...notice.jobIds);
      });
      await change(fixture, { queueNames: [defaultQueue] }, changes.cancel);
      stop();
      assert.deepEqual(new Set(told), new Set(running));
    }, "notices");

    test("ends their traces, once each", async (fixture) => {
      const { addAll } = fixture;
      const traceIds = [newTraceId(), newTraceId()];
      await addAll(traceIds.flatMap((traceId) => [{ traceId }, { traceId }]));
      await change(fixture, { queueNames: [defaultQueue] }, changes.cancel);
      const ends = await takeTraceEnds(fixture);
      assert.deepEqual(ends.map(({ traceId }) => traceId).sort(), [...traceIds].sort());
      assert.deepEqual(ends.map(({ epoch }) => epoch), [1, 1]);
    }, "traceEnds");
  });

  describe("retrying many", () => {
    test("makes them ready at once, with an attempt more, in the order of the store", async (fixture) => {
      const { addAll, claim, settle, get, clock, statusOf } = fixture;
      const ids = (await addAll(Array(3).fill({ maxAttempts: 1 }))).map(({ job }) => job.id);
      for (const job of [...await claim()].reverse()) await settle(job, failed);
      clock.pass(10);
      const result = await change(fixture, { queueNames: [defaultQueue] }, changes.retry);
      assert.deepEqual([result.changed, result.refused], [3, 0]);
      for (const id of ids) {
        const { status, attempts, maxAttempts, runAt, finishedAt } = await get(id);
        assert.deepEqual([status, attempts, maxAttempts, runAt], ["ready", 1, 2, clock.now()]);
        assert.equal(finishedAt, undefined);
      }
      assert.deepEqual((await claim()).map(({ id }) => id), ids);
      assert.equal(await statusOf(ids[0]!), "running");
    });

    test("brings dependents back with them, or not", async (fixture) => {
      const { add, claimOne, settle, statusOf } = fixture;
      const { id } = await add({ correlationId: "order 1" });
      const dependent = await add({ dependsOn: [id] });
      await settle(await claimOne(), failed);
      const filter = { correlationId: "order 1" };
      const { changed } = await change(fixture, filter, { type: "retry", dependents: false });
      assert.deepEqual([changed, await statusOf(dependent.id)], [1, "cancelled"]);
      await settle(await claimOne(), failed);
      const again = await change(fixture, filter, { type: "retry", dependents: true });
      assert.deepEqual([again.changed, await statusOf(dependent.id)], [1, "blocked"]);
    });

    test("is hindered by a dependency that does not come back, and by no other", async (fixture) => {
      const { add, claim, settle, get, statusOf } = fixture;
      const order = { correlationId: "order 1" };
      const [back, stays] = [await add(order), await add()];
      const free = await add({ ...order, dependsOn: [back.id] });
      const hindered = await add({ ...order, dependsOn: [back.id, stays.id] });
      const behind = await add({ ...order, dependsOn: [hindered.id] });
      for (const job of await claim()) await settle(job, failed);
      for (const dependents of [false, true]) {
        const result = await change(fixture, order, { type: "retry", dependents });
        assert.deepEqual([result.changed, result.refused], [2, 2], String(dependents));
        assert.deepEqual(await statusesOf(fixture, [back, free, hindered, behind]), [
          "ready",
          "blocked",
          "cancelled",
          "cancelled",
        ]);
        await settle((await claim())[0]!, failed);
        assert.equal(await statusOf(free.id), "cancelled");
      }
      assert.equal((await get(hindered.id)).error?.dependencyId, stays.id);
      const forced = await change(fixture, order, { type: "retry", force: true });
      assert.deepEqual([forced.changed, forced.refused], [4, 0]);
      assert.deepEqual(await statusesOf(fixture, [back, free, hindered, behind]), [
        "ready",
        "blocked",
        "blocked",
        "blocked",
      ]);
    });

    test("wakes workers, and revives traces", async (fixture) => {
      const { add, claimOne, settle, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), failed);
      const queues = new Set<string | undefined>();
      const stop = store.onNotice?.((notice) => {
        if (notice.type === "ready") queues.add(notice.queueName);
      });
      await change(fixture, { ids: [id] }, changes.retry);
      stop?.();
      if (stop !== undefined) assert.ok(queues.has(defaultQueue) || queues.has(undefined));
      await settle(await claimOne(), completed);
    });
  });

  describe("rescheduling many", () => {
    test("makes them due now, and those that are due keep their place", async (fixture) => {
      const { add, clock, claim, get } = fixture;
      const due = await add();
      clock.pass(10);
      const later = await add({ delayMs: 5_000 });
      const retrying = await jobWithStatus.retrying(fixture, { priority: 1 });
      clock.pass(10);
      await change(fixture, { queueNames: [defaultQueue] }, changes.reschedule);
      assert.equal((await get(due.id)).runAt, due.runAt);
      for (const { id } of [later, retrying]) {
        const { status, runAt } = await get(id);
        assert.deepEqual([status, runAt], ["ready", clock.now()]);
      }
      assert.deepEqual((await claim()).map(({ id }) => id), [retrying.id, due.id, later.id]);
    });

    test("puts them off to a time", async (fixture) => {
      const { add, clock, claim, get, statusOf } = fixture;
      const ready = await add();
      const scheduled = await add({ delayMs: 1_000 });
      const retrying = await jobWithStatus.retrying(fixture, { priority: 1 });
      const blocked = await add({ dependsOn: [ready.id] });
      const runAt = clock.now() + 10_000;
      const jobs = [ready, scheduled, retrying, blocked];
      const ids = jobs.map(({ id }) => id);
      await change(fixture, { ids }, { type: "reschedule", runAt });
      assert.deepEqual(
        await Promise.all(ids.map(async (id) => (await get(id)).runAt)),
        Array(4).fill(runAt),
      );
      assert.deepEqual(await statusesOf(fixture, jobs), [
        "scheduled",
        "scheduled",
        "retrying",
        "blocked",
      ]);
      clock.pass(9_999);
      assert.deepEqual(await claim(), []);
      clock.pass(1);
      assert.deepEqual(
        new Set((await claim()).map(({ id }) => id)),
        new Set([ready.id, scheduled.id, retrying.id]),
      );
      assert.equal(await statusOf(blocked.id), "blocked");
    });

    test("a blocked one waits for its dependencies, then for its time", async (fixture) => {
      const { add, claimOne, settle, statusOf, clock } = fixture;
      const dependency = await add();
      const [early, late] = [
        await add({ dependsOn: [dependency.id], delayMs: 5_000 }),
        await add({ dependsOn: [dependency.id] }),
      ];
      await change(fixture, { ids: [early.id] }, { type: "reschedule", delayMs: 0 });
      await change(fixture, { ids: [late.id] }, { type: "reschedule", delayMs: 5_000 });
      await settle(await claimOne(), completed);
      assert.equal((await claimOne()).id, early.id);
      assert.equal(await statusOf(late.id), "scheduled");
      clock.pass(5_000);
      assert.equal((await claimOne()).id, late.id);
    });

    test("gives them another priority, in place", async (fixture) => {
      const { add, addAll, claim, settle, get } = fixture;
      const [first, second, third] = (await addAll([{}, {}, {}])).map(({ job }) => job);
      const blocked = await add({ dependsOn: [first!.id] });
      const ids = [third!.id, blocked.id];
      await change(fixture, { ids }, { type: "reschedule", priority: 5 });
      const { status, priority, runAt } = await get(third!.id);
      assert.deepEqual([status, priority, runAt], ["ready", 5, third!.runAt]);
      assert.equal((await get(blocked.id)).priority, 5);
      const claimed = await claim();
      assert.deepEqual(claimed.map(({ id }) => id), [third!.id, first!.id, second!.id]);
      assert.deepEqual(claimed.map(({ priority }) => priority), [5, 0, 0]);
      await settle(claimed[1]!, completed);
      await change(fixture, { ids }, { type: "reschedule", priority: -5, delayMs: 0 });
      await add();
      assert.deepEqual((await claim()).map(({ id }) => id).at(-1), blocked.id);
    });

    test("keeps ids, traces and attempts", async (fixture) => {
      const { id } = await jobWithStatus.retrying(fixture, { correlationId: "order 1" });
      const before = await fixture.get(id);
      await change(fixture, { ids: [id] }, { type: "reschedule", delayMs: 0, priority: 2 });
      const { status, runAt, priority, ...after } = await fixture.get(id);
      assert.deepEqual([status, runAt, priority], ["ready", fixture.clock.now(), 2]);
      assert.deepEqual(definedFields({ ...before, ...after }), definedFields(before));
      assert.equal((await attemptsOf(fixture.store, id)).length, 1);
    });
  });

  describe("deleting many", () => {
    test("removes them with all that was kept of them", async (fixture) => {
      const { store, add } = fixture;
      const ranIn = newTraceId();
      const input = jobInput({ idempotencyKey: "order 1" });
      await store.add([input]);
      const traceparent = `00-${ranIn}-00f067aa0ba902b7-01`;
      await fixture.settle(await fixture.claimOne(), failed, { traceparent });
      assert.equal((await change(fixture, { ids: [input.id] }, changes.delete)).changed, 1);
      assert.equal(await store.get(input.id), undefined);
      assert.deepEqual(await attemptsOf(store, input.id), []);
      assert.deepEqual(await jobsFound(store, { traceId: ranIn, limit: 10 }), []);
      assert.deepEqual(await jobsFound(store, { limit: 10 }), []);
      assert.deepEqual((await store.counts()).filter(({ count }) => count > 0), []);
      const [again] = await store.add([jobInput({ idempotencyKey: "order 1" })]);
      assert.equal(again?.deduplicated, false);
      await add({ id: input.id });
      assert.deepEqual(await attemptsOf(store, input.id), []);
    });

    test("leaves a job on which an unfinished one depends", async (fixture) => {
      const { add, claimOne, settle, statusOf, store } = fixture;
      const [first, second] = [await add({ priority: 2 }), await add({ priority: 1 })];
      const dependent = await add({ dependsOn: [first.id, second.id] });
      await settle(await claimOne(), completed);
      const filter = { ids: [first.id] };
      const refused = { changed: 0, refused: 1, at: fixture.clock.now() };
      assert.equal(await statusOf(dependent.id), "blocked");
      assert.deepEqual(definedFields(await change(fixture, filter, changes.delete)), refused);
      await settle(await claimOne(), completed);
      const job = await claimOne();
      assert.equal(job.id, dependent.id);
      assert.deepEqual(definedFields(await change(fixture, filter, changes.delete)), refused);
      await settle(job, failed);
      const { changed } = await change(fixture, filter, changes.delete);
      assert.deepEqual([changed, await store.get(first.id)], [1, undefined]);
      const [retried] = [await store.retry(dependent.id)];
      assert.equal(retried?.changed, true, "it has begun: how its dependency ended is known");
      assert.equal(
        (await change(fixture, { ids: [second.id] }, changes.delete)).refused,
        1,
        "a retried job needs its dependencies again",
      );
    });

    test("leaves children where they are, as jobs without a stored parent", async (fixture) => {
      const { add, store, get, statusOf } = fixture;
      const parent = await add();
      const child = await add({ parentId: parent.id, traceId: parent.traceId });
      await store.cancel(parent.id, { error: reason });
      const before = definedFields(await get(child.id));
      assert.equal((await change(fixture, { ids: [parent.id] }, changes.delete)).changed, 1);
      assert.deepEqual(definedFields(await get(child.id)), before);
      assert.equal(await statusOf(child.id), "ready");
      const [found] = await jobsFound(store, { traceId: parent.traceId, limit: 10 });
      assert.equal(found?.id, child.id);
    });
  });
}

function change(
  { store }: Fixture,
  filter: ChangeFilter,
  massChange: MassChange,
): Promise<ChangeResult> {
  return store.change(filter, massChange, { limit: 1_000 });
}

async function whole(
  { get }: Fixture,
  ids: readonly string[],
): Promise<readonly object[]> {
  return await Promise.all(ids.map(async (id) => definedFields(await get(id))));
}

async function statusesOf(
  { statusOf }: Fixture,
  jobs: readonly { readonly id: string }[],
): Promise<readonly string[]> {
  return await Promise.all(jobs.map(({ id }) => statusOf(id)));
}

function statusAfter(type: MassChange["type"], before: string): string {
  if (type === "cancel") return "cancelled";
  return before === "blocked" ? "blocked" : "ready";
}
