import assert from "node:assert/strict";
import { describe } from "node:test";
import { jobStatuses } from "../../src/store.ts";
import { completed, failed, newJobId, reason, retrying } from "./inputs.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { attemptsOf, definedFields, takeTraceEnds } from "./answers.ts";

const ends = async (fixture: Fixture) =>
  (await takeTraceEnds(fixture)).map(({ jobId, epoch }) => [jobId, epoch]);

export function describeRetrying(test: TestStore): void {
  describe("a caller's retry", () => {
    for (const status of ["failed", "cancelled"] as const) {
      test(`makes a ${status} job ready at once, with an attempt more, and keeps its history`, async (fixture) => {
        const { store, get, clock, claimOne, settle } = fixture;
        const { id } = await jobWithStatus[status](fixture, { maxAttempts: 1 });
        const history = await attemptsOf(store, id);
        clock.pass(10);
        const { job: retried, changed } = (await store.retry(id))!;
        assert.deepEqual(
          [changed, retried.status, retried.attempts, retried.maxAttempts, retried.runAt],
          [true, "ready", 1, 2, clock.now()],
        );
        assert.equal(retried.finishedAt, undefined);
        assert.deepEqual(definedFields(await get(id)), definedFields(retried));
        const job = await claimOne();
        assert.equal(job.id, id);
        assert.equal(await settle(job, completed), "held");
        const { status: now, error } = await get(id);
        assert.deepEqual([now, error], ["completed", undefined]);
        assert.deepEqual(await attemptsOf(store, id), history);
      });
    }

    test("adds no attempt where there are some left", async (fixture) => {
      const { id } = await jobWithStatus.cancelled(fixture, { maxAttempts: 5 });
      assert.equal((await fixture.store.retry(id))?.job.maxAttempts, 5);
    });

    for (const status of jobStatuses.filter((one) => one !== "failed" && one !== "cancelled")) {
      test(`leaves a ${status} job as it is`, async (fixture) => {
        const { id } = await jobWithStatus[status](fixture);
        const before = definedFields(await fixture.get(id));
        const { job, changed } = (await fixture.store.retry(id))!;
        assert.deepEqual([definedFields(job), changed], [before, false]);
        assert.deepEqual(definedFields(await fixture.get(id)), before);
      });
    }

    test("finds nothing where there is no such job", async ({ store }) => {
      assert.equal(await store.retry(newJobId()), undefined);
    });

    test("revives the trace, whose next end has the next epoch", async (fixture) => {
      const { id, traceId } = await fixture.add({ maxAttempts: 1 });
      for (const epoch of [1, 2, 3]) {
        await fixture.settle(await fixture.claimOne(), failed);
        assert.deepEqual(await ends(fixture), [[id, epoch]]);
        await fixture.store.retry(id);
        assert.equal(
          await fixture.store.traceEnds!.hasUnfinished({ traceId, exceptJobId: newJobId() }),
          true,
        );
        assert.deepEqual(await ends(fixture), []);
      }
    }, "traceEnds");

    test(
      "counts the ends of a trace on, also when another of its jobs ends last",
      async (fixture) => {
        const { id, traceId } = await fixture.add();
        await fixture.settle(await fixture.claimOne(), failed);
        assert.deepEqual(await ends(fixture), [[id, 1]]);
        await fixture.store.retry(id);
        const { id: other } = await fixture.add({ traceId });
        const [first, second] = await fixture.claim();
        await fixture.settle(first!, completed);
        assert.deepEqual(await ends(fixture), []);
        await fixture.settle(second!, completed);
        assert.deepEqual(await ends(fixture), [[other, 2]]);
      },
      "traceEnds",
    );

    test("keeps the job from being removed with the ended ones", async (fixture) => {
      const { id } = await jobWithStatus.failed(fixture);
      await fixture.store.retry(id);
      fixture.clock.pass(10_000);
      await fixture.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await fixture.statusOf(id), "ready");
    });

    test("puts a job that was cancelled in line behind those that are due longer", async (fixture) => {
      const { store, clock, add, claimOne, settle } = fixture;
      const { id: first } = await add();
      clock.pass(5);
      const { id: second } = await add();
      await store.cancel(first, { error: reason });
      clock.pass(5);
      await store.retry(first);
      assert.equal((await claimOne()).id, second);
      const late = await add({ delayMs: 5_000 });
      const soon = await add({ delayMs: 2_000 });
      await store.cancel(late.id, { error: reason });
      await store.retry(late.id);
      for (const id of [first, late.id]) {
        const job = await claimOne();
        assert.equal(job.id, id);
        await settle(job, { ...retrying, delayMs: 1_000_000 });
      }
      clock.pass(2_500);
      assert.equal((await claimOne()).id, soon.id);
    });

    test("makes it ready once when two callers ask", async (fixture) => {
      const { id } = await jobWithStatus.failed(fixture);
      const answers = await Promise.all([fixture.store.retry(id), fixture.store.retry(id)]);
      assert.deepEqual(answers.map((one) => one?.job.status), ["ready", "ready"]);
      assert.deepEqual(answers.map((one) => one?.changed).sort(), [false, true]);
      assert.equal((await fixture.claim()).length, 1);
    });
  });

  describe("attempts of several jobs", () => {
    test("come with their job, oldest first", async (fixture) => {
      const [a, b] = [await jobWithStatus.failed(fixture), await jobWithStatus.failed(fixture)];
      const { id } = await fixture.add();
      const filter = { ids: [b.id, id, a.id, newJobId()], limit: 10 };
      const { jobs } = await fixture.store.find({ ...filter, attempts: true });
      assert.deepEqual(
        jobs.map((job) => [job.id, job.attemptRecords!.map(({ jobId }) => jobId)]),
        [[id, []], [b.id, [b.id]], [a.id, [a.id]]],
      );
      const plain = await fixture.store.find(filter);
      assert.ok(plain.jobs.every(({ attemptRecords }) => attemptRecords === undefined));
      assert.equal((await fixture.store.get(a.id))!.attemptRecords, undefined);
    });
  });
}
