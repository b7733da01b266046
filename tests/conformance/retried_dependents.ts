import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import type { JobInput } from "../../src/store.ts";
import { completed, failed, jobInput, newJobId, reason, retrying } from "./inputs.ts";
import type { Fixture, Suite, TestStore } from "./fixture.ts";
import { definedFields, takeTraceEnds } from "./answers.ts";

export function describeRetriedDependents(test: TestStore, { chainLength }: Suite): void {
  describe("the dependents of a job that is retried", () => {
    test("wait for it again when they were cancelled because of it, and run", async (fixture) => {
      const { add, claimOne, settle, store, get, statusOf } = fixture;
      const first = await add();
      const second = await add({ dependsOn: [first.id] });
      const third = await add({ dependsOn: [second.id] });
      const before = [await get(second.id), await get(third.id)].map(definedFields);
      await settle(await claimOne(), failed);
      assert.equal(await statusOf(third.id), "cancelled");
      await store.retry(first.id);
      assert.deepEqual([await get(second.id), await get(third.id)].map(definedFields), before);
      for (const { id } of [first, second, third]) {
        const job = await claimOne();
        assert.equal(job.id, id);
        await settle(job, completed);
      }
      assert.equal(await statusOf(third.id), "completed");
    });

    test("wait again when they were stored as cancelled, or when the job was cancelled", async (fixture) => {
      const { add, store, statusOf } = fixture;
      const { id } = await add();
      await store.cancel(id, { error: reason });
      const late = await add({ dependsOn: [id] });
      const behind = await add({ dependsOn: [late.id] });
      assert.equal(behind.status, "cancelled");
      await store.retry(id);
      assert.deepEqual([await statusOf(late.id), await statusOf(behind.id)], [
        "blocked",
        "blocked",
      ]);
    });

    test("can be cancelled by it, and come back, again and again", async (fixture) => {
      const { add, claimOne, settle, store, get } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      for (const _ of [1, 2, 3]) {
        await settle(await claimOne(), failed);
        assert.equal((await get(dependent.id)).error?.dependencyId, id);
        await store.retry(id);
        const { status, error } = await get(dependent.id);
        assert.deepEqual([status, error], ["blocked", undefined]);
      }
      await settle(await claimOne(), completed);
      assert.equal((await claimOne()).id, dependent.id);
    });

    test("keep their own time, priority and attempts", async (fixture) => {
      const { add, claimOne, settle, store, get, clock } = fixture;
      const { id } = await add();
      const dependent = await add({ dependsOn: [id], delayMs: 5_000, priority: 7, maxAttempts: 2 });
      await settle(await claimOne(), failed);
      clock.pass(1_000);
      await store.retry(id);
      await settle(await claimOne(), completed);
      const { status, runAt, priority, maxAttempts } = await get(dependent.id);
      assert.deepEqual(
        [status, runAt, priority, maxAttempts],
        ["scheduled", dependent.runAt, 7, 2],
      );
    });

    test("stay cancelled when they are not wanted", async ({ add, claimOne, settle, store, get }) => {
      const { id } = await add();
      const dependent = await add({ dependsOn: [id] });
      await settle(await claimOne(), failed);
      const before = definedFields(await get(dependent.id));
      assert.equal((await store.retry(id, { dependents: false }))?.changed, true);
      assert.deepEqual(definedFields(await get(dependent.id)), before);
      await settle(await claimOne(), completed);
      assert.deepEqual(definedFields(await get(dependent.id)), before);
      assert.equal((await store.retry(dependent.id))?.job.status, "ready");
    });

    test("stay as they are when something else cancelled them, or when they have run", async (fixture) => {
      const { add, claimOne, settle, store, get } = fixture;
      const { id } = await add();
      const byCaller = await add({ dependsOn: [id] });
      const below = await add({ dependsOn: [byCaller.id] });
      const runs = await add({ dependsOn: [id], onDependencyFailure: "run", maxAttempts: 1 });
      await store.cancel(byCaller.id, { error: reason });
      await settle(await claimOne(), failed);
      await settle(await claimOne(), failed);
      const jobs = async () =>
        await Promise.all(
          [byCaller, below, runs].map(async ({ id }) => definedFields(await get(id))),
        );
      const before = await jobs();
      assert.deepEqual(before.map(({ status }) => status), ["cancelled", "cancelled", "failed"]);
      await store.retry(id);
      assert.deepEqual(await jobs(), before);
    });

    test("stay cancelled with the reason of another dependency that failed", async (fixture) => {
      const { addAll, add, claim, settle, store, get, statusOf } = fixture;
      const [a, b, c] = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const dependent = await add({ dependsOn: [c!, a!, b!] });
      const below = await add({ dependsOn: [dependent.id] });
      const aside = await add({ dependsOn: [a!] });
      for (const job of await claim()) await settle(job, failed);
      assert.equal((await get(dependent.id)).error?.dependencyId, a);
      const finishedAt = (await get(dependent.id)).finishedAt;
      await store.retry(a!);
      const stays = await get(dependent.id);
      assert.deepEqual([stays.status, stays.finishedAt], ["cancelled", finishedAt]);
      assert.deepEqual(stays.error, {
        name: "JobCancelledError",
        message: `Its dependency ${c} failed`,
        dependencyId: c,
      });
      assert.equal((await get(below.id)).error?.dependencyId, dependent.id);
      assert.deepEqual([await statusOf(below.id), await statusOf(aside.id)], [
        "cancelled",
        "blocked",
      ]);
      await store.retry(c!);
      assert.equal((await get(dependent.id)).error?.dependencyId, b);
      await store.retry(b!);
      assert.deepEqual([await statusOf(dependent.id), await statusOf(below.id)], [
        "blocked",
        "blocked",
      ]);
    });

    test("come back over both sides of a diamond, or over none", async (fixture) => {
      const { store, claim, settle, statusOf, get } = fixture;
      const top = jobInput();
      const other = jobInput();
      const near = jobInput({ dependsOn: [top.id] });
      const far = jobInput({ dependsOn: [near.id] });
      const foot = jobInput({ dependsOn: [top.id, far.id] });
      const hinderedSide = jobInput({ dependsOn: [near.id, other.id] });
      const hindered = jobInput({ dependsOn: [top.id, hinderedSide.id] });
      await store.add([top, other, near, far, foot, hinderedSide, hindered]);
      for (const job of await claim()) await settle(job, failed);
      await store.retry(top.id);
      for (const { id } of [near, far, foot]) assert.equal(await statusOf(id), "blocked");
      for (const { id } of [hinderedSide, hindered]) assert.equal(await statusOf(id), "cancelled");
      assert.equal((await get(hinderedSide.id)).error?.dependencyId, other.id);
      assert.equal((await get(hindered.id)).error?.dependencyId, hinderedSide.id);
    });

    test("wait for those of their dependencies alone that have not ended", async (fixture) => {
      const { addAll, add, claimOne, settle, store, statusOf } = fixture;
      const [a, b, c] = (await addAll([{ priority: 3 }, { priority: 2 }, {}])).map(({ job }) =>
        job.id
      );
      const dependent = await add({ dependsOn: [a!, b!, c!] });
      await settle(await claimOne(), completed);
      await settle(await claimOne(), failed);
      await store.retry(b!);
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "blocked");
      await settle(await claimOne(), completed);
      assert.equal(await statusOf(dependent.id), "ready");
    });

    test("come back although a dependency that had completed was removed", async (fixture) => {
      const { add, claimOne, settle, store, statusOf, clock } = fixture;
      const [early, late] = [await add({ priority: 1 }), await add()];
      const dependent = await add({ dependsOn: [early.id, late.id] });
      await settle(await claimOne(), completed);
      clock.pass(10_000);
      await settle(await claimOne(), failed);
      await store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await store.get(early.id), undefined);
      await store.retry(late.id);
      assert.equal(await statusOf(dependent.id), "blocked");
    });

    test("come back along a long chain, and beside each other in any number", async (fixture) => {
      const { store, claimOne, settle } = fixture;
      const jobs = [jobInput()];
      while (jobs.length < chainLength) jobs.push(jobInput({ dependsOn: [jobs.at(-1)!.id] }));
      const wide = Array.from({ length: 500 }, () => jobInput({ dependsOn: [jobs[0]!.id] }));
      await store.add([...jobs, ...wide]);
      await settle(await claimOne(), failed);
      await store.retry(jobs[0]!.id);
      const counts = Object.fromEntries(
        (await store.counts()).map(({ status, count }) => [status, count]),
      );
      assert.deepEqual(counts, { ready: 1, blocked: chainLength + wide.length - 1 });
    });

    test("revive their traces, each of which ends once more", async (fixture) => {
      const { add, claimOne, settle, store, traceEnds } = withEnds(fixture);
      const { id, traceId } = await add();
      const same = await add({ dependsOn: [id], traceId });
      const other = await add({ dependsOn: [same.id] });
      await settle(await claimOne(), failed);
      assert.deepEqual(await traceEnds(), [[same.id, 1], [other.id, 1]].sort());
      await store.retry(id);
      assert.deepEqual(await traceEnds(), []);
      for (const trace of [traceId, other.traceId]) {
        assert.equal(
          await store.traceEnds!.hasUnfinished({ traceId: trace, exceptJobId: newJobId() }),
          true,
        );
      }
      await settle(await claimOne(), failed);
      assert.deepEqual(await traceEnds(), [[same.id, 2], [other.id, 2]].sort());
      await store.retry(id);
      for (const _ of [id, same.id]) {
        assert.deepEqual(await traceEnds(), []);
        await settle(await claimOne(), completed);
      }
      assert.deepEqual(await traceEnds(), [[same.id, 3]]);
      await settle(await claimOne(), completed);
      assert.deepEqual(await traceEnds(), [[other.id, 3]]);
    }, "traceEnds");

    test("whose end nobody has told of yet, end when they end again", async (fixture) => {
      const { add, claimOne, settle, store, traceEnds } = withEnds(fixture);
      const { id, traceId } = await add();
      const dependent = await add({ dependsOn: [id], traceId });
      await settle(await claimOne(), failed);
      await store.retry(id);
      assert.deepEqual(await traceEnds(), []);
      await settle(await claimOne(), completed);
      assert.deepEqual(await traceEnds(), []);
      await settle(await claimOne(), completed);
      assert.deepEqual(await traceEnds(), [[dependent.id, 2]]);
    }, "traceEnds");

    test("come back once when several callers retry at the same time", async (fixture) => {
      const { addAll, claim, settle, store, statusOf } = fixture;
      const ids = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const [all] = await addAll([{ dependsOn: ids }]);
      for (const job of await claim()) await settle(job, failed);
      const answers = await Promise.all([...ids, ...ids].map((id) => store.retry(id)));
      assert.equal(answers.filter((one) => one?.changed).length, 3);
      assert.equal(await statusOf(all!.job.id), "blocked");
      const claimed = await claim();
      assert.equal(claimed.length, 3);
      for (const job of claimed) await settle(job, completed);
      assert.equal(await statusOf(all!.job.id), "ready");
    });

    test("come back as the rules say, whatever the graph is", async ({ store, addAll }) => {
      // One store for all graphs: their jobs do not know each other.
      const graph = fc.array(
        fc.record({
          dependsOn: fc.uniqueArray(fc.nat({ max: 7 }), { maxLength: 3 }),
          runs: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
        }),
        { minLength: 2, maxLength: 8 },
      );
      const steps = fc.array(
        fc.record({ retries: fc.boolean(), at: fc.nat({ max: 7 }) }),
        { minLength: 2, maxLength: 10 },
      );
      await fc.assert(
        fc.asyncProperty(graph, steps, async (graph, steps) => {
          const jobs: JobInput[] = [];
          for (const { dependsOn, runs } of graph) {
            jobs.push(jobInput({
              queueName: "any",
              dependsOn: dependsOn.filter((n) => n < jobs.length).map((n) => jobs[n]!.id),
              onDependencyFailure: runs ? "run" : "cancel",
            }));
          }
          await addAll(jobs);
          for (const { retries, at } of steps) {
            const { id } = jobs[at % jobs.length]!;
            await (retries ? store.retry(id) : store.cancel(id, { error: reason }));
            const stored = new Map(
              await Promise.all(jobs.map(async ({ id }) => [id, (await store.get(id))!] as const)),
            );
            for (const job of stored.values()) {
              const dependencies = job.dependsOn.map((id) => stored.get(id)!);
              const bad = dependencies.filter(({ status }) => status === "cancelled");
              const cancels = job.onDependencyFailure === "cancel";
              const cause = job.status === "cancelled" ? job.error?.dependencyId : undefined;
              if (cancels && bad.length > 0) assert.equal(job.status, "cancelled");
              if (cause !== undefined) {
                assert.equal(stored.get(cause)!.status, "cancelled", "The cause is one still");
              }
              const open = dependencies.some(({ status }) => status !== "cancelled");
              if (job.status === "blocked") assert.ok(open);
              if (job.status === "ready" && cancels) assert.ok(!open);
            }
          }
        }),
        { numRuns: 25 },
      );
    });
  });

  describe("a caller's retry of a dependent", () => {
    for (const onDependencyFailure of ["cancel", "run"] as const) {
      test(`waits for what has not ended (${onDependencyFailure})`, async (fixture) => {
        const { add, claimOne, settle, store, statusOf, clock } = fixture;
        const dependency = await add({ queueName: "dependencies" });
        const { id } = await add({ dependsOn: [dependency.id], onDependencyFailure });
        await store.cancel(id, { error: reason });
        clock.pass(10);
        const { job, changed } = (await store.retry(id))!;
        assert.deepEqual([job.status, changed], ["blocked", true]);
        const claimed = await claimOne({ queueName: "dependencies" });
        await settle(claimed, { ...retrying, delayMs: 0 });
        assert.equal(await statusOf(id), "blocked");
        await settle(await claimOne({ queueName: "dependencies" }), completed);
        assert.equal((await claimOne()).id, id);
      });
    }

    test("is cancelled again when what it waits for fails", async (fixture) => {
      const { add, claimOne, settle, store, get } = fixture;
      const dependency = await add({ queueName: "dependencies" });
      const { id } = await add({ dependsOn: [dependency.id] });
      await store.cancel(id, { error: reason });
      await store.retry(id);
      await settle(await claimOne({ queueName: "dependencies" }), failed);
      const { status, error } = await get(id);
      assert.deepEqual([status, error?.dependencyId], ["cancelled", dependency.id]);
    });

    for (const status of ["failed", "cancelled"] as const) {
      test(`is refused while a dependency is ${status}, unless it is forced`, async (fixture) => {
        const { add, claimOne, settle, store, get } = fixture;
        const [first, second] = [await add({ priority: 1 }), await add()];
        const { id } = await add({ dependsOn: [second.id, first.id] });
        await settle(await claimOne(), completed);
        const end = status === "failed"
          ? settle(await claimOne(), failed)
          : store.cancel(second.id, { error: reason });
        await end;
        const before = definedFields(await get(id));
        const { job, changed, hindrance } = (await store.retry(id))!;
        assert.deepEqual([definedFields(job), changed], [before, false]);
        assert.deepEqual(hindrance, { dependencyId: second.id, status });
        assert.deepEqual(definedFields(await get(id)), before);
        const forced = (await store.retry(id, { force: true }))!;
        assert.deepEqual([forced.job.status, forced.changed], ["ready", true]);
        await settle(await claimOne(), completed);
        assert.equal((await get(id)).status, "completed");
      });
    }

    test("that is forced still waits for what has not ended, and may be cancelled by it", async (fixture) => {
      const { addAll, claim, settle, store, get, statusOf } = fixture;
      const [bad, open, also] = (await addAll([{}, {}, {}])).map(({ job }) => job.id);
      const dependents = await addAll([open, also].map((one) => ({ dependsOn: [bad!, one!] })));
      const [first, ...others] = await claim();
      await settle(first!, failed);
      for (const { job } of dependents) {
        assert.equal((await store.retry(job.id, { force: true }))?.job.status, "blocked");
      }
      await settle(others[0]!, completed);
      await settle(others[1]!, failed);
      assert.equal(await statusOf(dependents[0]!.job.id), "ready");
      const { status, error } = await get(dependents[1]!.job.id);
      assert.deepEqual([status, error?.dependencyId], ["cancelled", also]);
    });

    test("is refused when nobody knows how a dependency ended, unless it is forced", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      const { id: dependencyId } = await add();
      await settle(await claimOne(), failed);
      clock.pass(5_000);
      const { id } = await add({ dependsOn: [dependencyId] });
      clock.pass(5_000);
      const { removed } = await store.maintain({ retentionMs: 6_000, limit: 10 });
      assert.equal(removed, 1);
      const { changed, hindrance } = (await store.retry(id))!;
      assert.deepEqual([changed, hindrance], [false, { dependencyId, status: "removed" }]);
      assert.equal((await store.retry(id, { force: true }))?.job.status, "ready");
    });

    test("goes through when it had begun before its dependency was removed", async (fixture) => {
      const { add, claimOne, settle, store, clock } = fixture;
      const { id: dependency } = await add();
      const { id } = await add({ dependsOn: [dependency] });
      await settle(await claimOne(), completed);
      clock.pass(5_000);
      await settle(await claimOne(), failed);
      await store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await store.get(dependency), undefined);
      assert.equal((await store.retry(id))?.job.status, "ready");
    });

    test("goes through whatever became of its dependencies when it runs anyway", async (fixture) => {
      const { add, claimOne, settle, store } = fixture;
      const { id: dependency } = await add();
      const { id } = await add({ dependsOn: [dependency], onDependencyFailure: "run" });
      await settle(await claimOne(), failed);
      await settle(await claimOne(), failed);
      assert.equal((await store.retry(id))?.job.status, "ready");
    });
  });
}

function withEnds(fixture: Fixture) {
  const traceEnds = async () =>
    (await takeTraceEnds(fixture)).map(({ jobId, epoch }) => [jobId, epoch]).sort();
  return { ...fixture, traceEnds };
}
