import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { type JobFilter, JobQueue } from "../../mod.ts";
import type { FoundRecord, JobError, JobPart } from "../../src/store.ts";
import { completed, jobInput, newJobId, settlement } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { definedFields } from "./answers.ts";

const jobParts: readonly JobPart[] = ["payload", "result", "stack"];
const bytesIn = (text: string) => new TextEncoder().encode(text).length;
const text = (length: number) => JSON.stringify("ä".repeat(length));
const error = { name: "Error", message: "💥".repeat(3_000), stack: "at line 1\n".repeat(500) };
const failed = { status: "failed", outcome: "failed", error } as const;

export function describeParts(test: TestStore): void {
  describe("what can be large", () => {
    for (const include of subsets(jobParts)) {
      test(`is read as far as it is asked for: ${include.join(", ") || "nothing"}`, async (fixture) => {
        const whole = await oneOfEach(fixture);
        const { jobs } = await fixture.store.find({ limit: 10, include });
        for (const [i, job] of jobs.entries()) {
          assert.deepEqual(definedFields(job), definedFields(reduced(whole[i]!, include)));
        }
        const tried = await fixture.store.find({ limit: 10, include, attempts: true });
        const [attempt, ...more] = tried.jobs.flatMap(({ attemptRecords }) => attemptRecords!);
        assert.deepEqual(attempt!.error, include.includes("stack") ? error : short(error));
        assert.deepEqual(more, []);
        const without = tried.jobs.map((job) => ({ ...job, attemptRecords: undefined }));
        assert.deepEqual(without.map(definedFields), jobs.map(definedFields));
      });
    }

    for (const include of subsets(jobParts)) {
      const asked = include.join(", ") || "nothing";
      test(`is answered of added jobs as far as it is asked for: ${asked}`, async (fixture) => {
        const stored = [3, 2_000, 9_000].map((length, i) =>
          jobInput({ idempotencyKey: `key ${i}`, payload: text(length) })
        );
        await fixture.store.add(stored);
        await endOneOfEach(fixture);
        const again = stored.map(({ idempotencyKey }) =>
          jobInput({ idempotencyKey, payload: text(20_000) })
        );
        const twice = jobInput({ idempotencyKey: "new", payload: text(7_000) });
        const plain = [...again, ...stored, twice, { ...twice, id: newJobId() }];
        const others = [jobInput({ payload: text(8_000) }), jobInput({ idempotencyKey: "other" })];
        const dependent = jobInput({ dependsOn: [again[2]!.id], payload: text(6_000) });
        for (const [call, known] of [[plain, 7], [[...plain, ...others, dependent], 8]] as const) {
          const added = await fixture.store.add(call, { include });
          const isKnown = added.map(({ deduplicated }) => deduplicated);
          assert.equal(isKnown.filter(Boolean).length, known, String(isKnown));
          for (const { job } of added) {
            const whole = await fixture.get(job.id);
            assert.deepEqual(definedFields(job), definedFields(reduced(whole, include)));
          }
        }
      });
    }

    test("is answered as each of many calls at once asks for it", async (fixture) => {
      const { store } = fixture;
      const payload = text(1_000);
      await fixture.add({ idempotencyKey: "used", payload });
      const ways = [undefined, ...subsets(jobParts)];
      const calls = Array.from({ length: 40 }, (_, i) => ways[i % ways.length]);
      for (const inputs of [[{ idempotencyKey: "used" }], [{ payload }]]) {
        const answers = await Promise.all(
          calls.map((include) => store.add(inputs.map(jobInput), { include })),
        );
        for (const [i, [added]] of answers.entries()) {
          const isWhole = calls[i]?.includes("payload") ?? true;
          const expected = isWhole ? [payload, undefined] : [undefined, bytesIn(payload)];
          assert.deepEqual([added!.job.payload, added!.job.payloadBytes], expected);
        }
      }
    });

    test("ends a page: it has one job at least, and all pages have every job", async (fixture) => {
      const sizes = fc.array(fc.nat(3_000), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9_000 }), async (lengths, maxBytes) => {
          const traceId = crypto.randomUUID().replaceAll("-", "");
          const added = await fixture.addAll(
            lengths.map((length) => ({ traceId, payload: text(length) })),
          );
          for (const include of [jobParts, []]) {
            const seen: string[] = [];
            for (let before: number | undefined, hasMore = true; hasMore;) {
              const filter = { traceId, before, include, maxBytes, limit: 5 };
              const page = await fixture.store.find(filter);
              assert.ok(page.jobs.length > 0 || seen.length === lengths.length);
              const bytes = page.jobs.map(({ payload = "" }) => bytesIn(payload));
              const all = bytes.reduce((sum, one) => sum + one, 0);
              assert.ok(page.jobs.length <= 1 || all <= maxBytes);
              seen.push(...page.jobs.map(({ id }) => id));
              before = page.jobs.at(-1)?.sequence;
              hasMore = page.hasMore;
            }
            assert.deepEqual(seen, added.map(({ job }) => job.id).reverse());
          }
        }),
        { numRuns: 25 },
      );
    });

    test("bounds the pages of find and tree in bytes", async (fixture) => {
      const correlationId = "large";
      await fixture.addAll(Array(6).fill({ correlationId, payload: text(500_000) }));
      const pagesOf = pagesThrough(fixture, { correlationId });
      assert.deepEqual(await pagesOf("find", ["payload"]), [4, 2]);
      assert.deepEqual(await pagesOf("tree", ["payload", "result"]), [4, 2]);
      for (const way of ["find", "tree"] as const) {
        assert.deepEqual(await pagesOf(way, ["result", "stack"]), [6]);
      }
    });

    test("bounds the pages of a tree in bytes of attempts", async (fixture) => {
      const correlationId = "failing";
      await fixture.addAll(Array(12).fill({ correlationId, maxAttempts: 1_000 }));
      const change = { status: "retrying", outcome: "failed", error, delayMs: 0 } as const;
      for (let round = 0; round < 50; round++) {
        const settlements = (await fixture.claim()).map((job) => settlement(job, change));
        assert.equal(settlements.length, 12);
        await fixture.store.settleAndClaim({ settlements, claims: [] });
      }
      const pagesOf = pagesThrough(fixture, { correlationId });
      assert.deepEqual(await pagesOf("tree", []), [12]);
      const pages = await pagesOf("tree", ["stack"]);
      assert.ok(pages.length > 1 && !pages.includes(0), String(pages));
      assert.equal(pages.reduce((sum, count) => sum + count, 0), 12);
    });
  });
}

/** How many jobs each page has, by the way they are read. */
function pagesThrough({ store }: Fixture, filter: JobFilter) {
  const queue = new JobQueue({ store });
  return async (way: "find" | "tree", include: readonly JobPart[]): Promise<readonly number[]> => {
    const pages: number[] = [];
    let cursor: string | undefined;
    do {
      const { jobs, nextCursor } = await queue[way]({ ...filter, include, cursor, limit: 1_000 });
      pages.push(typeof jobs === "number" ? jobs : jobs.length);
      cursor = nextCursor;
    } while (cursor !== undefined);
    return pages;
  };
}

/** Newest first. */
async function oneOfEach(fixture: Fixture): Promise<readonly FoundRecord[]> {
  await fixture.addAll([{ payload: text(3) }, { payload: text(2_000) }, { payload: text(9_000) }]);
  await endOneOfEach(fixture);
  await fixture.add();
  return (await fixture.store.find({ limit: 10 })).jobs;
}

/** Three jobs end: one without a result, one with one, one with an error. */
async function endOneOfEach(fixture: Fixture): Promise<void> {
  const [first, second] = await fixture.claim({ limit: 2 });
  await fixture.settle(first!, completed);
  await fixture.settle(second!, { status: "completed", outcome: "completed", result: text(5_000) });
  await fixture.settle(await fixture.claimOne(), failed);
}

/** What is left of a whole record where only these parts are asked for. */
function reduced(whole: FoundRecord, include: readonly JobPart[]): Partial<FoundRecord> {
  const { payload, result, error, ...rest } = whole;
  return {
    ...rest,
    ...include.includes("payload") ? { payload } : { payloadBytes: bytesIn(payload!) },
    ...include.includes("result")
      ? { result }
      : { resultBytes: result === undefined ? undefined : bytesIn(result) },
    error: include.includes("stack") ? error : error && short(error),
  };
}

function short({ stack: _stack, message, ...error }: JobError): JobError {
  const points = [...message];
  const isLong = points.length > 1_000;
  return { ...error, message: isLong ? `${points.slice(0, 1_000).join("")}…` : message };
}

function subsets<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return items.reduce<(readonly Item[])[]>(
    (all, item) => [...all, ...all.map((one) => [...one, item])],
    [[]],
  );
}
