import assert from "node:assert/strict";
import { describe } from "node:test";
import {
  completed,
  failed,
  jobInput,
  newJobId,
  newTraceId,
  reason,
  released,
  retrying,
  settlement,
} from "./inputs.ts";
import { takeTraceEnds } from "./answers.ts";
import type { TestStore } from "./fixture.ts";

const claim = { limit: 100, leaseMs: 1_000 };

export function describeTraceEnds(testStore: TestStore): void {
  const test: TestStore = (sentence, body) => testStore(sentence, body, "traceEnds");
  describe("the end of a trace", () => {
    test("is recorded when its only job completes, with everything that its event has", async (fixture) => {
      const { add, claimOne, settle, clock } = fixture;
      const { id: jobId, traceId } = await add({ correlationId: "order-1" });
      const job = await claimOne();
      assert.deepEqual(await takeTraceEnds(fixture), []);
      clock.pass(5);
      await settle(job, completed);
      const finishedAt = clock.now();
      const end = { traceId, epoch: 1, jobId, correlationId: "order-1", finishedAt };
      assert.deepEqual(await takeTraceEnds(fixture), [end]);
    });

    test("is recorded when the last of its jobs ends, and no earlier", async (fixture) => {
      const traceId = newTraceId();
      await fixture.addAll([{ traceId }, { traceId }, { traceId, delayMs: 1_000 }]);
      for (const job of await fixture.claim()) {
        await fixture.settle(job, completed);
        assert.deepEqual(await takeTraceEnds(fixture), []);
      }
      fixture.clock.pass(1_000);
      const last = await fixture.claimOne();
      await fixture.settle(last, failed);
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [last.id]);
    });

    test("is recorded once when its jobs end in one call, for each of many traces", async (fixture) => {
      const traceIds = Array.from({ length: 20 }, newTraceId);
      await fixture.addAll(traceIds.flatMap((traceId) => [{ traceId }, { traceId }, { traceId }]));
      const jobs = await fixture.claim();
      const settlements = jobs.map((job, i) => settlement(job, i % 2 ? completed : failed));
      await fixture.store.settleAndClaim({ settlements, claims: [] });
      const ends = await takeTraceEnds(fixture);
      assert.deepEqual(ends.map(({ traceId }) => traceId).sort(), traceIds.sort());
      assert.ok(ends.every(({ epoch }) => epoch === 1));
    });

    test("is recorded once in whatever order a call completes its jobs", async (fixture) => {
      const orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]];
      for (const order of orders) {
        const traceId = newTraceId();
        await fixture.addAll([{ traceId }, { traceId }, { traceId }, {}]);
        const [other, ...jobs] = [...await fixture.claim()].reverse();
        const settlements = order.map((at) => settlement(jobs[at]!, completed));
        settlements.splice(1, 0, settlement(other!, completed));
        const { settled } = await fixture.store.settleAndClaim({ settlements, claims: [] });
        assert.deepEqual(settled, Array(4).fill("held"));
        const ends = await takeTraceEnds(fixture);
        assert.deepEqual(ends.map((end) => end.traceId).sort(), [traceId, other!.traceId].sort());
        assert.ok(ends.every(({ epoch }) => epoch === 1));
      }
    });

    test("counts on, whichever of its jobs brings it", async (fixture) => {
      const traceId = newTraceId();
      const epochs: number[] = [];
      const noteEnds = async () => {
        for (const { epoch } of await takeTraceEnds(fixture)) epochs.push(epoch);
      };
      const first = await fixture.add({ traceId });
      await fixture.settle(await fixture.claimOne(), failed);
      await noteEnds();
      await fixture.add({ traceId });
      await fixture.settle(await fixture.claimOne(), completed);
      await noteEnds();
      for (const change of [failed, completed]) {
        await fixture.store.retry(first.id);
        await fixture.settle(await fixture.claimOne(), change);
        await noteEnds();
      }
      assert.deepEqual(epochs, [1, 2, 3, 4]);
    });

    test("waits for the others when its first job has been removed", async (fixture) => {
      const traceId = newTraceId();
      const retentionMs = 1_000;
      const first = await fixture.add({ traceId });
      const waiting = { traceId, delayMs: 10_000 };
      const [second, third] = await fixture.addAll([waiting, waiting]);
      await fixture.settle(await fixture.claimOne(), completed);
      fixture.clock.pass(10_000);
      assert.equal((await fixture.store.maintain({ retentionMs, limit: 10 })).removed, 1);
      assert.equal(await fixture.store.get(first.id), undefined);
      const jobs = await fixture.claim();
      assert.deepEqual(jobs.map(({ id }) => id), [second!.job.id, third!.job.id]);
      await fixture.settle(jobs[1]!, completed);
      assert.deepEqual(await takeTraceEnds(fixture), []);
      assert.equal(
        await fixture.store.traceEnds!.hasUnfinished({ traceId, exceptJobId: third!.job.id }),
        true,
      );
      assert.equal(
        await fixture.store.traceEnds!.hasUnfinished({ traceId, exceptJobId: second!.job.id }),
        false,
      );
      await fixture.settle(jobs[0]!, completed);
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [second!.job.id]);
    });

    test("is none while a job retries, is released or is swept back", async (fixture) => {
      const { add, claimOne, settle, clock, sweep } = fixture;
      await add();
      for (const change of [retrying, released]) {
        await settle(await claimOne(), change);
        assert.deepEqual(await takeTraceEnds(fixture), []);
        clock.pass(2_000);
      }
      await claimOne({ leaseMs: 100 });
      clock.pass(200);
      assert.equal((await sweep()).length, 1);
      assert.deepEqual(await takeTraceEnds(fixture), []);
    });

    test("comes with a cancellation, of a waiting and of a running job", async (fixture) => {
      for (const isRunning of [false, true]) {
        const { id } = await fixture.add();
        if (isRunning) await fixture.claimOne();
        await fixture.store.cancel(id, { error: reason });
        await fixture.store.cancel(id, { error: reason });
        assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [id]);
      }
    });

    test("comes with a sweep that finds no attempt left", async (fixture) => {
      const { id } = await fixture.add({ maxAttempts: 1 });
      await fixture.begin(await fixture.claimOne({ leaseMs: 100 }), 100);
      fixture.clock.pass(200);
      await fixture.sweep();
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [id]);
    });

    test("comes with the dependents that a failure cancels, also in traces of their own", async (fixture) => {
      const [a, b, c] = [jobInput(), jobInput(), jobInput()];
      const { store } = fixture;
      await store.add([a, { ...b, dependsOn: [a.id] }, {
        ...c,
        traceId: a.traceId,
        dependsOn: [b.id],
      }]);
      await fixture.settle(await fixture.claimOne(), failed);
      const ends = await takeTraceEnds(fixture);
      assert.deepEqual(
        ends.map(({ traceId }) => traceId).sort(),
        [a.traceId, b.traceId].sort(),
      );
      const ofA = ends.find(({ traceId }) => traceId === a.traceId)!;
      assert.ok([a.id, c.id].includes(ofA.jobId));
    });

    test("comes with a job that is added after its dependency has failed", async (fixture) => {
      const { id } = await fixture.add();
      await fixture.settle(await fixture.claimOne(), failed);
      await takeTraceEnds(fixture);
      const { id: dependent, status } = await fixture.add({ dependsOn: [id] });
      assert.equal(status, "cancelled");
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ jobId }) => jobId), [dependent]);
    });

    test("has the next epoch when a new job has revived the trace", async (fixture) => {
      const traceId = newTraceId();
      for (let epoch = 1; epoch <= 4; epoch++) {
        await fixture.addAll(Array(epoch).fill({ traceId }));
        for (const job of await fixture.claim()) await fixture.settle(job, completed);
        assert.deepEqual((await takeTraceEnds(fixture)).map((end) => end.epoch), [epoch]);
      }
    });

    test("is not there when the call that would bring it changes nothing", async (fixture) => {
      const { id } = await fixture.add();
      const stranger = { id, leaseToken: newJobId() };
      await fixture.claimOne();
      assert.equal(await fixture.settle(stranger, completed), "lost");
      assert.deepEqual(await takeTraceEnds(fixture), []);
    });

    test("is claimed under a lease, and by another when that is over", async (fixture) => {
      await fixture.add();
      await fixture.settle(await fixture.claimOne(), completed);
      const [end] = await fixture.store.traceEnds!.claim(claim);
      assert.deepEqual(await fixture.store.traceEnds!.claim(claim), []);
      fixture.clock.pass(999);
      assert.deepEqual(await fixture.store.traceEnds!.claim(claim), []);
      fixture.clock.pass(1);
      assert.deepEqual(await fixture.store.traceEnds!.claim(claim), [end]);
      await fixture.store.traceEnds!.settle([end!]);
      fixture.clock.pass(10_000);
      assert.deepEqual(await fixture.store.traceEnds!.claim(claim), []);
      await fixture.store.traceEnds!.settle([end!]);
    });

    test("is claimed oldest first and no more than asked for", async (fixture) => {
      const jobs = [];
      for (let i = 0; i < 5; i++) {
        await fixture.add();
        const job = await fixture.claimOne();
        await fixture.settle(job, completed);
        jobs.push(job.id);
        fixture.clock.pass(1);
      }
      const take = async (limit: number) =>
        (await fixture.store.traceEnds!.claim({ limit, leaseMs: 1_000 })).map(({ jobId }) => jobId);
      assert.deepEqual(await take(2), jobs.slice(0, 2));
      assert.deepEqual(await take(10), jobs.slice(2));
    });

    test("is forgotten with the job that it stands on", async (fixture) => {
      const { traceId } = await fixture.add();
      await fixture.settle(await fixture.claimOne(), completed);
      fixture.clock.pass(10_000);
      await fixture.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.deepEqual(await fixture.store.traceEnds!.claim(claim), []);
      await fixture.add({ traceId });
      await fixture.settle(await fixture.claimOne(), completed);
      assert.deepEqual((await takeTraceEnds(fixture)).map(({ epoch }) => epoch), [1]);
    });
  });

  describe("whether a trace has another unfinished job", () => {
    test("counts every status but the ended ones, and not the job that asks", async (fixture) => {
      const traceId = newTraceId();
      const [a, b] = [jobInput({ traceId }), jobInput({ traceId })];
      const ask = (id: string) =>
        fixture.store.traceEnds!.hasUnfinished({ traceId, exceptJobId: id });
      assert.equal(await ask(a.id), false);
      await fixture.store.add([a, { ...b, dependsOn: [a.id] }]);
      assert.equal(await ask(a.id), true);
      assert.equal(await ask(newJobId()), true);
      await fixture.settle(await fixture.claimOne(), completed);
      assert.equal(await ask(a.id), true);
      assert.equal(await ask(b.id), false);
      await fixture.add();
      assert.equal(await ask(b.id), false, "a job of another trace does not count");
    });
  });
}
