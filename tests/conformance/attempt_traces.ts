import assert from "node:assert/strict";
import { describe } from "node:test";
import { completed, newTraceId, retrying } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { jobsFound } from "./answers.ts";

const contextIn = (traceId: string) => `00-${traceId}-b7ad6b7169203331-01`;

const findIn = async ({ store }: Fixture, traceId: string, more: object = {}) =>
  (await jobsFound(store, { traceId, limit: 10, ...more })).map(({ id }) => id);

export function describeAttemptTraces(test: TestStore): void {
  describe("the traces of attempts", () => {
    test("find the job beside its own trace, each once", async (fixture) => {
      const [x, y] = [newTraceId(), newTraceId()];
      const { id, traceId } = await fixture.add();
      for (const ranIn of [x, x, traceId]) {
        await fixture.settle(await fixture.claimOne(), retrying, { traceparent: contextIn(ranIn) });
        fixture.clock.pass(1_000);
      }
      for (const one of [traceId, x]) assert.deepEqual(await findIn(fixture, one), [id]);
      assert.deepEqual(await findIn(fixture, y), []);
    });

    test("find it in the store's order, page by page, with all that is asked for too", async (fixture) => {
      const x = newTraceId();
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) {
        const traceId = i % 2 === 0 ? x : newTraceId();
        const { id } = await fixture.add({ traceId, correlationId: `order-${i % 3}` });
        ids.unshift(id);
        await fixture.settle(await fixture.claimOne(), completed, { traceparent: contextIn(x) });
      }
      assert.deepEqual(await findIn(fixture, x), ids);
      const [, second] = await jobsFound(fixture.store, { traceId: x, limit: 2 });
      assert.deepEqual(await findIn(fixture, x, { before: second!.sequence }), ids.slice(2));
      assert.deepEqual(await findIn(fixture, x, { correlationId: "order-1" }), [ids[1], ids[4]]);
      assert.deepEqual(await findIn(fixture, x, { statuses: ["completed"] }), ids);
      assert.deepEqual(await findIn(fixture, x, { statuses: ["ready"] }), []);
      assert.deepEqual(await findIn(fixture, x, { statuses: ["ready", "completed"] }), ids);
    });

    test("are forgotten with the job", async (fixture) => {
      const x = newTraceId();
      await fixture.add();
      await fixture.settle(await fixture.claimOne(), completed, { traceparent: contextIn(x) });
      fixture.clock.pass(10_000);
      await fixture.store.maintain({ retentionMs: 1_000, limit: 10 });
      assert.deepEqual(await findIn(fixture, x), []);
    });

    test("do not belong to the trace whose end is recorded", async (fixture) => {
      const other = await fixture.add();
      const { traceId } = await fixture.add();
      const [first, second] = await fixture.claim();
      const traceparent = contextIn(other.traceId);
      await fixture.settle(second!, completed, { traceparent });
      const ends = await fixture.store.traceEnds!.claim({ limit: 10, leaseMs: 1_000 });
      assert.deepEqual(ends.map((end) => end.traceId), [traceId]);
      assert.equal(
        await fixture.store.traceEnds!.hasUnfinished({
          traceId: other.traceId,
          exceptJobId: first!.id,
        }),
        false,
      );
    }, "traceEnds");
  });

  describe("what a claimed job knows of the contexts it came from", () => {
    test("are its baggage and its rule of propagation, as they were given", async (fixture) => {
      const given = { baggage: "tenant=a%2Cb;secret", propagation: "link" } as const;
      const { id } = await fixture.add({ ...given, tracestate: "vendor=x" });
      const job = await fixture.claimOne();
      assert.deepEqual([job.baggage, job.propagation], [given.baggage, given.propagation]);
      const stored = await fixture.get(id);
      assert.deepEqual([stored.baggage, stored.propagation], [given.baggage, given.propagation]);
      await fixture.add();
      const plain = await fixture.claimOne();
      assert.deepEqual([plain.baggage, plain.propagation], [undefined, undefined]);
    });

    test("are those of its dependencies: of the last attempt, else of the enqueue", async (fixture) => {
      const [ran, created, creation] = [newTraceId(), newTraceId(), newTraceId()].map(contextIn);
      const { id: a } = await fixture.add({ traceparent: creation });
      const { id: b } = await fixture.add({ traceparent: created });
      const { id: c } = await fixture.add();
      const [first, second, third] = await fixture.claim();
      await fixture.settle(first!, completed, { traceparent: ran });
      await fixture.settle(second!, completed);
      await fixture.settle(third!, completed);
      await fixture.add({ dependsOn: [b, c, a] });
      assert.deepEqual((await fixture.claimOne()).dependencyTraceparents, [created, ran]);
      await fixture.add();
      assert.deepEqual((await fixture.claimOne()).dependencyTraceparents, []);
    });

    test("are at most as many as a span can link to", async (fixture) => {
      const traceparent = contextIn(newTraceId());
      const added = await fixture.addAll(Array(130).fill({ traceparent }));
      for (const job of await fixture.claim()) await fixture.settle(job, completed);
      await fixture.add({ dependsOn: added.map(({ job }) => job.id) });
      assert.equal((await fixture.claimOne()).dependencyTraceparents.length, 128);
    });
  });
}
