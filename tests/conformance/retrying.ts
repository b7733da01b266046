import assert from "node:assert/strict";
import { describe } from "node:test";
import { newJobId } from "../../src/job/ids.ts";
import { jobStatuses } from "../../src/job/status.ts";
import { completed, failed, reason, retrying } from "./changes.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { Scene } from "./scene.ts";
import { stated } from "./stated.ts";
import { takeEnds } from "./take_ends.ts";
import type { TestStore } from "./test_store.ts";

const ends = async (scene: Scene) =>
  (await takeEnds(scene)).map(({ jobId, epoch }) => [jobId, epoch]);

export function describeRetrying(test: TestStore): void {
  describe("a caller's retry", () => {
    for (const status of ["failed", "cancelled"] as const) {
      test(`makes a ${status} job ready at once, with an attempt more, and keeps its history`, async (scene) => {
        const { store, get, clock, claimOne, settle } = scene;
        const { id } = await jobWithStatus[status](scene, { maxAttempts: 1 });
        const history = await store.attempts({ jobIds: [id] });
        clock.pass(10);
        const { job: retried, changed } = (await store.retry(id))!;
        assert.deepEqual(
          [changed, retried.status, retried.attempts, retried.maxAttempts, retried.runAt],
          [true, "ready", 1, 2, clock.now()],
        );
        assert.equal(retried.finishedAt, undefined);
        assert.deepEqual(stated(await get(id)), stated(retried));
        const job = await claimOne();
        assert.equal(job.id, id);
        assert.equal(await settle(job, completed), "held");
        const { status: now, error } = await get(id);
        assert.deepEqual([now, error], ["completed", undefined]);
        assert.deepEqual(await store.attempts({ jobIds: [id] }), history);
      });
    }

    test("adds no attempt where there are some left", async (scene) => {
      const { id } = await jobWithStatus.cancelled(scene, { maxAttempts: 5 });
      assert.equal((await scene.store.retry(id))?.job.maxAttempts, 5);
    });

    for (const status of jobStatuses.filter((one) => one !== "failed" && one !== "cancelled")) {
      test(`leaves a ${status} job as it is`, async (scene) => {
        const { id } = await jobWithStatus[status](scene);
        const before = stated(await scene.get(id));
        const { job, changed } = (await scene.store.retry(id))!;
        assert.deepEqual([stated(job), changed], [before, false]);
        assert.deepEqual(stated(await scene.get(id)), before);
      });
    }

    test("finds nothing where there is no such job", async ({ store }) => {
      assert.equal(await store.retry(newJobId()), undefined);
    });

    test("revives the trace, whose next end has the next epoch", async (scene) => {
      const { id, traceId } = await scene.add({ maxAttempts: 1 });
      for (const epoch of [1, 2, 3]) {
        await scene.settle(await scene.claimOne(), failed);
        assert.deepEqual(await ends(scene), [[id, epoch]]);
        await scene.store.retry(id);
        assert.equal(await scene.store.hasUnfinished(traceId, newJobId()), true);
        assert.deepEqual(await ends(scene), []);
      }
    });

    test("counts the ends of a trace on, also when another of its jobs ends last", async (scene) => {
      const { id, traceId } = await scene.add();
      await scene.settle(await scene.claimOne(), failed);
      assert.deepEqual(await ends(scene), [[id, 1]]);
      await scene.store.retry(id);
      const { id: other } = await scene.add({ traceId });
      const [first, second] = await scene.claim();
      await scene.settle(first!, completed);
      assert.deepEqual(await ends(scene), []);
      await scene.settle(second!, completed);
      assert.deepEqual(await ends(scene), [[other, 2]]);
    });

    test("keeps the job from being removed with the ended ones", async (scene) => {
      const { id } = await jobWithStatus.failed(scene);
      await scene.store.retry(id);
      scene.clock.pass(10_000);
      await scene.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.equal(await scene.statusOf(id), "ready");
    });

    test("puts a job that was cancelled in line behind those that are due longer", async (scene) => {
      const { store, clock, add, claimOne, settle } = scene;
      const { id: first } = await add();
      clock.pass(5);
      const { id: second } = await add();
      await store.cancel(first, reason);
      clock.pass(5);
      await store.retry(first);
      assert.equal((await claimOne()).id, second);
      const late = await add({ delayMs: 5_000 });
      const soon = await add({ delayMs: 2_000 });
      await store.cancel(late.id, reason);
      await store.retry(late.id);
      for (const id of [first, late.id]) {
        const job = await claimOne();
        assert.equal(job.id, id);
        await settle(job, { ...retrying, delayMs: 1_000_000 });
      }
      clock.pass(2_500);
      assert.equal((await claimOne()).id, soon.id);
    });

    test("makes it ready once when two callers ask", async (scene) => {
      const { id } = await jobWithStatus.failed(scene);
      const answers = await Promise.all([scene.store.retry(id), scene.store.retry(id)]);
      assert.deepEqual(answers.map((one) => one?.job.status), ["ready", "ready"]);
      assert.deepEqual(answers.map((one) => one?.changed).sort(), [false, true]);
      assert.equal((await scene.claim()).length, 1);
    });
  });

  describe("attempts of several jobs", () => {
    test("come with their job, oldest first", async (scene) => {
      const [a, b] = [await jobWithStatus.failed(scene), await jobWithStatus.failed(scene)];
      await jobWithStatus.failed(scene);
      const found = await scene.store.attempts({ jobIds: [b.id, a.id, newJobId()] });
      assert.deepEqual(found.map(({ jobId }) => jobId).sort(), [a.id, b.id].sort());
    });
  });
}
