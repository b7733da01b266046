import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { type JobFilter, JobQueue } from "../../mod.ts";
import { type JobPart, jobParts } from "../../src/job/parts.ts";
import type { FoundRecord } from "../../src/job/record.ts";
import { completed } from "./changes.ts";
import type { Scene } from "./scene.ts";
import { settlement } from "./settlement.ts";
import { stated } from "./stated.ts";
import type { TestStore } from "./test_store.ts";

const bytesIn = (text: string) => new TextEncoder().encode(text).length;
const text = (length: number) => JSON.stringify("ä".repeat(length));
const error = { name: "Error", message: "💥".repeat(3_000), stack: "at line 1\n".repeat(500) };
const failed = { to: "failed", outcome: "failed", error } as const;

export function describeParts(test: TestStore): void {
  describe("what can be large", () => {
    for (const include of subsets(jobParts)) {
      test(`is read as far as it is asked for: ${include.join(", ") || "nothing"}`, async (scene) => {
        const whole = await oneOfEach(scene);
        const { jobs } = await scene.store.find({ limit: 10, include });
        for (const [i, job] of jobs.entries()) {
          const { payload, result, error, ...rest } = whole[i]!;
          const parts: Partial<FoundRecord> = {
            ...include.includes("payload") ? { payload } : { payloadBytes: bytesIn(payload!) },
            ...include.includes("result")
              ? { result }
              : { resultBytes: result === undefined ? undefined : bytesIn(result) },
            error: include.includes("stack") ? error : error && short(error),
          };
          assert.deepEqual(stated(job), stated({ ...rest, ...parts }));
        }
        const jobIds = whole.map(({ id }) => id);
        const stacks = include.includes("stack");
        const [attempt] = await scene.store.attempts({ jobIds, stacks });
        assert.deepEqual(attempt!.error, stacks ? error : short(error));
      });
    }

    test("ends a page: it has one job at least, and all pages have every job", async (scene) => {
      const sizes = fc.array(fc.nat(3_000), { maxLength: 12 });
      await fc.assert(
        fc.asyncProperty(sizes, fc.integer({ min: 1, max: 9_000 }), async (lengths, maxBytes) => {
          const traceId = crypto.randomUUID().replaceAll("-", "");
          const added = await scene.addAll(
            lengths.map((length) => ({ traceId, payload: text(length) })),
          );
          for (const include of [jobParts, []]) {
            const seen: string[] = [];
            for (let before: number | undefined, hasMore = true; hasMore;) {
              const filter = { traceId, before, include, maxBytes, limit: 5 };
              const page = await scene.store.find(filter);
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

    test("bounds the pages of find and tree in bytes", async (scene) => {
      const correlationId = "large";
      await scene.addAll(Array(6).fill({ correlationId, payload: text(500_000) }));
      const pagesOf = pagesThrough(scene, { correlationId });
      assert.deepEqual(await pagesOf("find", ["payload"]), [4, 2]);
      assert.deepEqual(await pagesOf("tree", ["payload", "result"]), [4, 2]);
      for (const way of ["find", "tree"] as const) {
        assert.deepEqual(await pagesOf(way, ["result", "stack"]), [6]);
      }
    });

    test("bounds the pages of a tree in bytes of attempts", async (scene) => {
      const correlationId = "failing";
      await scene.addAll(Array(12).fill({ correlationId, maxAttempts: 1_000 }));
      const change = { to: "retrying", outcome: "failed", error, delayMs: 0 } as const;
      for (let round = 0; round < 50; round++) {
        const settlements = (await scene.claim()).map((job) => settlement(job, change));
        assert.equal(settlements.length, 12);
        await scene.store.exchange({ settlements, claims: [] });
      }
      const pagesOf = pagesThrough(scene, { correlationId });
      assert.deepEqual(await pagesOf("tree", []), [12]);
      const pages = await pagesOf("tree", ["stack"]);
      assert.ok(pages.length > 1 && !pages.includes(0), String(pages));
      assert.equal(pages.reduce((sum, count) => sum + count, 0), 12);
    });
  });
}

/** How many jobs each page has, by the way they are read. */
function pagesThrough({ store }: Scene, filter: JobFilter) {
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
async function oneOfEach(scene: Scene): Promise<readonly FoundRecord[]> {
  await scene.addAll([{ payload: text(3) }, { payload: text(2_000) }, { payload: text(9_000) }]);
  const [first, second] = await scene.claim({ limit: 2 });
  await scene.settle(first!, completed);
  await scene.settle(second!, { to: "completed", result: text(5_000) });
  await scene.settle(await scene.claimOne(), failed);
  await scene.add();
  return (await scene.store.find({ limit: 10 })).jobs;
}

function short({ name, message }: { readonly name: string; readonly message: string }) {
  const points = [...message];
  const isLong = points.length > 1_000;
  return { name, message: isLong ? `${points.slice(0, 1_000).join("")}…` : message };
}

function subsets<Item>(items: readonly Item[]): readonly (readonly Item[])[] {
  return items.reduce<(readonly Item[])[]>(
    (all, item) => [...all, ...all.map((one) => [...one, item])],
    [[]],
  );
}
