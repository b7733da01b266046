import assert from "node:assert/strict";
import { describe } from "node:test";
import { newJobId, newTraceId } from "../../src/job/ids.ts";
import { completed, failed, handedBack, reason, retrying } from "./changes.ts";
import { jobInput } from "./job_input.ts";
import { settlement } from "./settlement.ts";
import { takeEnds } from "./take_ends.ts";
import type { TestStore } from "./test_store.ts";

const claim = { limit: 100, leaseMs: 1_000 };

export function describeTraceEnds(test: TestStore): void {
  describe("the end of a trace", () => {
    test("is recorded when its only job completes, with everything that is told", async (scene) => {
      const { add, claimOne, settle, clock } = scene;
      const { id: jobId, traceId } = await add({ correlationId: "order-1" });
      const job = await claimOne();
      assert.deepEqual(await takeEnds(scene), []);
      clock.pass(5);
      await settle(job, completed);
      const finishedAt = clock.now();
      const end = { traceId, epoch: 1, jobId, correlationId: "order-1", finishedAt };
      assert.deepEqual(await takeEnds(scene), [end]);
    });

    test("is recorded when the last of its jobs ends, and no earlier", async (scene) => {
      const traceId = newTraceId();
      await scene.addAll([{ traceId }, { traceId }, { traceId, delayMs: 1_000 }]);
      for (const job of await scene.claim()) {
        await scene.settle(job, completed);
        assert.deepEqual(await takeEnds(scene), []);
      }
      scene.clock.pass(1_000);
      const last = await scene.claimOne();
      await scene.settle(last, failed);
      assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [last.id]);
    });

    test("is recorded once when its jobs end in one turn, for each of many traces", async (scene) => {
      const traceIds = Array.from({ length: 20 }, newTraceId);
      await scene.addAll(traceIds.flatMap((traceId) => [{ traceId }, { traceId }, { traceId }]));
      const jobs = await scene.claim();
      const settlements = jobs.map((job, i) => settlement(job, i % 2 ? completed : failed));
      await scene.store.settleAndClaim({ settlements, claims: [] });
      const ends = await takeEnds(scene);
      assert.deepEqual(ends.map(({ traceId }) => traceId).sort(), traceIds.sort());
      assert.ok(ends.every(({ epoch }) => epoch === 1));
    });

    test("is recorded once in whatever order a turn completes its jobs", async (scene) => {
      const orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [2, 0, 1]];
      for (const order of orders) {
        const traceId = newTraceId();
        await scene.addAll([{ traceId }, { traceId }, { traceId }, {}]);
        const [other, ...jobs] = [...await scene.claim()].reverse();
        const settlements = order.map((at) => settlement(jobs[at]!, completed));
        settlements.splice(1, 0, settlement(other!, completed));
        const { settled } = await scene.store.settleAndClaim({ settlements, claims: [] });
        assert.deepEqual(settled, Array(4).fill("held"));
        const ends = await takeEnds(scene);
        assert.deepEqual(ends.map((end) => end.traceId).sort(), [traceId, other!.traceId].sort());
        assert.ok(ends.every(({ epoch }) => epoch === 1));
      }
    });

    test("counts on, whichever of its jobs brings it", async (scene) => {
      const traceId = newTraceId();
      const epochs: number[] = [];
      const noteEnds = async () => {
        for (const { epoch } of await takeEnds(scene)) epochs.push(epoch);
      };
      const first = await scene.add({ traceId });
      await scene.settle(await scene.claimOne(), failed);
      await noteEnds();
      await scene.add({ traceId });
      await scene.settle(await scene.claimOne(), completed);
      await noteEnds();
      for (const change of [failed, completed]) {
        await scene.store.retry(first.id);
        await scene.settle(await scene.claimOne(), change);
        await noteEnds();
      }
      assert.deepEqual(epochs, [1, 2, 3, 4]);
    });

    test("waits for the others when its first job has been removed", async (scene) => {
      const traceId = newTraceId();
      const retentionMs = 1_000;
      const first = await scene.add({ traceId });
      const waiting = { traceId, delayMs: 10_000 };
      const [second, third] = await scene.addAll([waiting, waiting]);
      await scene.settle(await scene.claimOne(), completed);
      scene.clock.pass(10_000);
      assert.equal((await scene.store.maintain({ retentionMs, limit: 10 })).removed, 1);
      assert.equal(await scene.store.get(first.id), undefined);
      const jobs = await scene.claim();
      assert.deepEqual(jobs.map(({ id }) => id), [second!.job.id, third!.job.id]);
      await scene.settle(jobs[1]!, completed);
      assert.deepEqual(await takeEnds(scene), []);
      assert.equal(await scene.store.hasUnfinished(traceId, third!.job.id), true);
      assert.equal(await scene.store.hasUnfinished(traceId, second!.job.id), false);
      await scene.settle(jobs[0]!, completed);
      assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [second!.job.id]);
    });

    test("is none while a job retries, is handed back or is swept back", async (scene) => {
      const { add, claimOne, settle, clock, sweep } = scene;
      await add();
      for (const change of [retrying, handedBack]) {
        await settle(await claimOne(), change);
        assert.deepEqual(await takeEnds(scene), []);
        clock.pass(2_000);
      }
      await claimOne({ leaseMs: 100 });
      clock.pass(200);
      assert.equal((await sweep()).length, 1);
      assert.deepEqual(await takeEnds(scene), []);
    });

    test("comes with a cancellation, of a waiting and of a running job", async (scene) => {
      for (const isRunning of [false, true]) {
        const { id } = await scene.add();
        if (isRunning) await scene.claimOne();
        await scene.store.cancel(id, reason);
        await scene.store.cancel(id, reason);
        assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [id]);
      }
    });

    test("comes with a sweep that finds no attempt left", async (scene) => {
      const { id } = await scene.add({ maxAttempts: 1 });
      await scene.begin(await scene.claimOne({ leaseMs: 100 }), 100);
      scene.clock.pass(200);
      await scene.sweep();
      assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [id]);
    });

    test("comes with the dependents that a failure cancels, also in traces of their own", async (scene) => {
      const [a, b, c] = [jobInput(), jobInput(), jobInput()];
      const { store } = scene;
      await store.add([a, { ...b, dependsOn: [a.id] }, {
        ...c,
        traceId: a.traceId,
        dependsOn: [b.id],
      }]);
      await scene.settle(await scene.claimOne(), failed);
      const ends = await takeEnds(scene);
      assert.deepEqual(
        ends.map(({ traceId }) => traceId).sort(),
        [a.traceId, b.traceId].sort(),
      );
      const ofA = ends.find(({ traceId }) => traceId === a.traceId)!;
      assert.ok([a.id, c.id].includes(ofA.jobId));
    });

    test("comes with a job that is added after its dependency has failed", async (scene) => {
      const { id } = await scene.add();
      await scene.settle(await scene.claimOne(), failed);
      await takeEnds(scene);
      const { id: dependent, status } = await scene.add({ dependsOn: [id] });
      assert.equal(status, "cancelled");
      assert.deepEqual((await takeEnds(scene)).map(({ jobId }) => jobId), [dependent]);
    });

    test("has the next epoch when a new job has revived the trace", async (scene) => {
      const traceId = newTraceId();
      for (let epoch = 1; epoch <= 4; epoch++) {
        await scene.addAll(Array(epoch).fill({ traceId }));
        for (const job of await scene.claim()) await scene.settle(job, completed);
        assert.deepEqual((await takeEnds(scene)).map((end) => end.epoch), [epoch]);
      }
    });

    test("is not there when the turn that would bring it changes nothing", async (scene) => {
      const { id } = await scene.add();
      const stranger = { id, leaseToken: newJobId() };
      await scene.claimOne();
      assert.equal(await scene.settle(stranger, completed), "lost");
      assert.deepEqual(await takeEnds(scene), []);
    });

    test("is claimed under a lease, and by another when that is over", async (scene) => {
      await scene.add();
      await scene.settle(await scene.claimOne(), completed);
      const [end] = await scene.store.claimTraceEnds(claim);
      assert.deepEqual(await scene.store.claimTraceEnds(claim), []);
      scene.clock.pass(999);
      assert.deepEqual(await scene.store.claimTraceEnds(claim), []);
      scene.clock.pass(1);
      assert.deepEqual(await scene.store.claimTraceEnds(claim), [end]);
      await scene.store.settleTraceEnds([end!]);
      scene.clock.pass(10_000);
      assert.deepEqual(await scene.store.claimTraceEnds(claim), []);
      await scene.store.settleTraceEnds([end!]);
    });

    test("is claimed oldest first and no more than asked for", async (scene) => {
      const jobs = [];
      for (let i = 0; i < 5; i++) {
        await scene.add();
        const job = await scene.claimOne();
        await scene.settle(job, completed);
        jobs.push(job.id);
        scene.clock.pass(1);
      }
      const take = async (limit: number) =>
        (await scene.store.claimTraceEnds({ limit, leaseMs: 1_000 })).map(({ jobId }) => jobId);
      assert.deepEqual(await take(2), jobs.slice(0, 2));
      assert.deepEqual(await take(10), jobs.slice(2));
    });

    test("is forgotten with the job that it stands on", async (scene) => {
      const { traceId } = await scene.add();
      await scene.settle(await scene.claimOne(), completed);
      scene.clock.pass(10_000);
      await scene.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.deepEqual(await scene.store.claimTraceEnds(claim), []);
      await scene.add({ traceId });
      await scene.settle(await scene.claimOne(), completed);
      assert.deepEqual((await takeEnds(scene)).map(({ epoch }) => epoch), [1]);
    });
  });

  describe("whether a trace has another unfinished job", () => {
    test("counts every status but the ended ones, and not the job that asks", async (scene) => {
      const traceId = newTraceId();
      const [a, b] = [jobInput({ traceId }), jobInput({ traceId })];
      const ask = (id: string) => scene.store.hasUnfinished(traceId, id);
      assert.equal(await ask(a.id), false);
      await scene.store.add([a, { ...b, dependsOn: [a.id] }]);
      assert.equal(await ask(a.id), true);
      assert.equal(await ask(newJobId()), true);
      await scene.settle(await scene.claimOne(), completed);
      assert.equal(await ask(a.id), true);
      assert.equal(await ask(b.id), false);
      await scene.add();
      assert.equal(await ask(b.id), false, "a job of another trace does not count");
    });
  });
}
