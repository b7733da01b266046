import assert from "node:assert/strict";
import { describe } from "node:test";
import { newTraceId } from "../../src/job/ids.ts";
import { completed, retrying } from "./changes.ts";
import type { Scene } from "./scene.ts";
import type { TestStore } from "./test_store.ts";
import { jobsFound } from "./jobs_found.ts";

const contextIn = (traceId: string) => `00-${traceId}-b7ad6b7169203331-01`;

const findIn = async ({ store }: Scene, traceId: string, more: object = {}) =>
  (await jobsFound(store, { traceId, limit: 10, ...more })).map(({ id }) => id);

export function describeAttemptTraces(test: TestStore): void {
  describe("the traces of attempts", () => {
    test("find the job beside its own trace, each once", async (scene) => {
      const [x, y] = [newTraceId(), newTraceId()];
      const { id, traceId } = await scene.add();
      for (const ranIn of [x, x, traceId]) {
        await scene.settle(await scene.claimOne(), retrying, { traceparent: contextIn(ranIn) });
        scene.clock.pass(1_000);
      }
      for (const one of [traceId, x]) assert.deepEqual(await findIn(scene, one), [id]);
      assert.deepEqual(await findIn(scene, y), []);
    });

    test("find it in the store's order, page by page, with all that is asked for too", async (scene) => {
      const x = newTraceId();
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) {
        const traceId = i % 2 === 0 ? x : newTraceId();
        const { id } = await scene.add({ traceId, correlationId: `order-${i % 3}` });
        ids.unshift(id);
        await scene.settle(await scene.claimOne(), completed, { traceparent: contextIn(x) });
      }
      assert.deepEqual(await findIn(scene, x), ids);
      const [, second] = await jobsFound(scene.store, { traceId: x, limit: 2 });
      assert.deepEqual(await findIn(scene, x, { before: second!.sequence }), ids.slice(2));
      assert.deepEqual(await findIn(scene, x, { correlationId: "order-1" }), [ids[1], ids[4]]);
      assert.deepEqual(await findIn(scene, x, { statuses: ["completed"] }), ids);
      assert.deepEqual(await findIn(scene, x, { statuses: ["ready"] }), []);
      assert.deepEqual(await findIn(scene, x, { statuses: ["ready", "completed"] }), ids);
    });

    test("are forgotten with the job", async (scene) => {
      const x = newTraceId();
      await scene.add();
      await scene.settle(await scene.claimOne(), completed, { traceparent: contextIn(x) });
      scene.clock.pass(10_000);
      await scene.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.deepEqual(await findIn(scene, x), []);
    });

    test("do not belong to the trace whose end is recorded", async (scene) => {
      const other = await scene.add();
      const { traceId } = await scene.add();
      const [first, second] = await scene.claim();
      const traceparent = contextIn(other.traceId);
      await scene.settle(second!, completed, { traceparent });
      const ends = await scene.store.claimTraceEnds({ limit: 10, leaseMs: 1_000 });
      assert.deepEqual(ends.map((end) => end.traceId), [traceId]);
      assert.equal(await scene.store.hasUnfinished(other.traceId, first!.id), false);
    });
  });

  describe("what a claimed job knows of the contexts it came from", () => {
    test("are its baggage and its rule of propagation, as they were given", async (scene) => {
      const given = { baggage: "tenant=a%2Cb;secret", propagation: "link" } as const;
      const { id } = await scene.add({ ...given, tracestate: "vendor=x" });
      const job = await scene.claimOne();
      assert.deepEqual([job.baggage, job.propagation], [given.baggage, given.propagation]);
      const stored = await scene.get(id);
      assert.deepEqual([stored.baggage, stored.propagation], [given.baggage, given.propagation]);
      await scene.add();
      const plain = await scene.claimOne();
      assert.deepEqual([plain.baggage, plain.propagation], [undefined, undefined]);
    });

    test("are those of its dependencies: of the last attempt, else of the enqueue", async (scene) => {
      const [ran, created, creation] = [newTraceId(), newTraceId(), newTraceId()].map(contextIn);
      const { id: a } = await scene.add({ traceparent: creation });
      const { id: b } = await scene.add({ traceparent: created });
      const { id: c } = await scene.add();
      const [first, second, third] = await scene.claim();
      await scene.settle(first!, completed, { traceparent: ran });
      await scene.settle(second!, completed);
      await scene.settle(third!, completed);
      await scene.add({ dependsOn: [b, c, a] });
      assert.deepEqual((await scene.claimOne()).dependencyTraceparents, [created, ran]);
      await scene.add();
      assert.deepEqual((await scene.claimOne()).dependencyTraceparents, []);
    });

    test("are at most as many as a span can link to", async (scene) => {
      const traceparent = contextIn(newTraceId());
      const added = await scene.addAll(Array(130).fill({ traceparent }));
      for (const job of await scene.claim()) await scene.settle(job, completed);
      await scene.add({ dependsOn: added.map(({ job }) => job.id) });
      assert.equal((await scene.claimOne()).dependencyTraceparents.length, 128);
    });
  });
}
