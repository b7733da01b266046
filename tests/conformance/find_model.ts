import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { type JobRecord, jobStatuses, type RecordFilter } from "../../src/store.ts";
import { completed, failed, retrying } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { jobsFound } from "./answers.ts";

const queues = ["a", "b", "c"];
const traces = ["1".repeat(32), "2".repeat(32)];
const correlations = ["order-1", "order-2", undefined];

export function describeFindModel(test: TestStore): void {
  describe("any filter", () => {
    test("finds what a walk over all jobs finds", async (fixture) => {
      const parents = await fill(fixture);
      const all = await jobsFound(fixture.store, { limit: 1_000 });
      assert.equal(all.length, 126);
      await fc.assert(
        fc.asyncProperty(filters(all, parents), async (filter) => {
          const found = await jobsFound(fixture.store, filter);
          assert.deepEqual(found.map(({ id }) => id), expected(all, filter).map(({ id }) => id));
        }),
        { numRuns: 500 },
      );
    });
  });
}

/** Some jobs of every kind, added at different times. */
async function fill({ addAll, claim, settle, clock }: Fixture): Promise<readonly string[]> {
  const parents: (string | undefined)[] = [undefined];
  for (let round = 0; round < 6; round++) {
    const added = await addAll(Array.from({ length: 21 }, (_, i) => ({
      queueName: queues[i % 3]!,
      traceId: traces[i % 2]!,
      correlationId: correlations[(i + round) % 3],
      parentId: parents[i % parents.length],
      delayMs: i % 5 === 0 ? 3_600_000 : 0,
      onDependencyFailure: "run",
    })));
    parents.push(added[0]!.job.id);
    for (const [i, job] of (await claim({ queueName: queues[round % 3]!, limit: 5 })).entries()) {
      const traceparent = `00-${traces[i % 2]}-b7ad6b7169203331-01`;
      if (i > 0) await settle(job, [completed, failed, retrying][i % 3]!, { traceparent });
    }
    clock.pass(10);
  }
  return parents.filter((id) => id !== undefined);
}

function filters(
  all: readonly JobRecord[],
  parents: readonly string[],
): fc.Arbitrary<RecordFilter> {
  const times = all.map(({ createdAt }) => createdAt);
  const time = fc.integer({ min: Math.min(...times) - 1, max: Math.max(...times) + 1 });
  const sequence = fc.constantFrom(...all).map((job) => job.sequence);
  const orNone = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 2 });
  return fc.record({
    queueNames: orNone(fc.subarray([...queues, "none"])),
    statuses: orNone(fc.subarray([...jobStatuses])),
    traceId: orNone(fc.constantFrom(...traces)),
    correlationId: orNone(fc.constantFrom("order-1", "order-2")),
    parentId: orNone(fc.constantFrom(...parents)),
    createdFrom: orNone(time),
    createdBefore: orNone(time),
    before: orNone(sequence),
    limit: fc.integer({ min: 1, max: 200 }),
  });
}

function expected(all: readonly JobRecord[], filter: RecordFilter): readonly JobRecord[] {
  const { statuses, createdFrom = 0, createdBefore = Infinity, before = Infinity } = filter;
  const same = (["correlationId", "parentId"] as const)
    .filter((key) => filter[key] !== undefined);
  const { traceId } = filter;
  return all
    .filter((job) =>
      traceId === undefined || job.traceId === traceId ||
      job.attemptTraceparent?.slice(3, 35) === traceId
    )
    .filter(({ queueName }) => filter.queueNames?.includes(queueName) ?? true)
    .filter((job) => same.every((key) => job[key] === filter[key]))
    .filter((job) => statuses === undefined || statuses.includes(job.status))
    .filter(({ createdAt }) => createdFrom <= createdAt && createdAt < createdBefore)
    .filter(({ sequence }) => sequence < before)
    .slice(0, filter.limit);
}
