/** What the server reads for the end of a job, counted in pages, which no load of the machine changes. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { postgres } from "../../src/store/postgres.ts";
import type { JobInput } from "../../src/job/record.ts";
import type { Store } from "../../src/store/store.ts";
import {
  completed,
  failed,
  jobInput,
  newTraceId,
  reason,
  settlement,
} from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { type Explained, explainer } from "./explain.ts";
import { analyzeForGood, fill } from "./fill.ts";

const timeout = 120_000;

/** A store of which one statement can be explained before it is run. */
interface ExplainedStore {
  readonly schema: string;
  readonly store: Store;
  /** Explains the only statement of a call whose text has a word. */
  readonly explain: (word: string, call: () => Promise<unknown>) => Promise<Explained>;
}

const claimOf = async (store: Store, limit: number) => {
  const claims = [{ queueName: "orders", limit, leaseMs: 60_000 }];
  return (await store.settleAndClaim({ settlements: [], claims })).claimed;
};

/** Ends the next jobs, as many as the limit says, and tells what the server read for it. */
async function endOf({ store, explain }: ExplainedStore, limit: number, change = completed) {
  const claimed = await claimOf(store, limit);
  assert.equal(claimed.length, limit);
  const settlements = claimed.map((job) => settlement(job, change));
  return await explain(
    "settle_and_claim",
    () => store.settleAndClaim({ settlements, claims: [] }),
  );
}

function assertByKeys({ steps }: Explained): void {
  const passes = steps.filter((step) =>
    / on (dependencies_added|waiting_kind|waiting_due|ended_trace_end_due|ended_finished|ended_failed_finished)$/
      .test(
        step,
      ) ||
    /Seq Scan on (enqueued|ready|waiting|progress|claims|ended|dependencies)$/.test(step)
  );
  assert.deepEqual(passes, []);
}

describe("the end of a job on Postgres", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 1, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  async function withStore(
    schema: string,
    work: (explained: ExplainedStore) => Promise<void>,
  ): Promise<void> {
    await using server = await explainer(database.url);
    // The first time the server reads about its tables too.
    const explainTwice = async (...statement: Parameters<typeof server.explain>) => {
      await server.explain(...statement);
      return await server.explain(...statement);
    };
    let wanted: string | undefined;
    let plan: Explained | undefined;
    const store = await postgres({
      unsafe: (text, values) => {
        const run = () => sql.unsafe(text, values as never);
        if (wanted === undefined || !text.includes(wanted)) return run();
        wanted = undefined;
        return explainTwice(text, values as never).then((explained) => {
          plan = explained;
          return run();
        }) as never;
      },
    }, { schema });
    const explain: ExplainedStore["explain"] = async (word, call) => {
      wanted = word;
      plan = undefined;
      await call();
      assert.ok(plan, `a statement with ${word} must have run`);
      return plan;
    };
    await work({ schema, store, explain });
  }

  const pairs = (count: number): readonly JobInput[] =>
    Array.from({ length: count }, () => jobInput()).flatMap((first) => [
      first,
      jobInput({ dependsOn: [first.id], queueName: "dependents", traceId: first.traceId }),
    ]);

  test("with a dependent is found by keys, however many wait and whatever statistics say", {
    timeout,
  }, async (t) => {
    const pages: Record<string, number> = {};
    for (
      const [name, before, waiting] of [["few", 0, 30], ["fresh", 0, 2_000], [
        "stale",
        1,
        2_000,
      ]] as const
    ) {
      await withStore(name, async (explained) => {
        const { store } = explained;
        // Ends that nobody reports and ones that are over are no reason to look at more either.
        await store.traceEnds!.claim({ limit: 1, leaseMs: 1 });
        await store.add(pairs(before));
        await analyzeForGood(sql, name);
        await store.add(Array.from({ length: waiting }, () => jobInput()));
        for (let ended = 0; ended < waiting; ended += 500) {
          const claimed = await claimOf(store, 500);
          const settlements = claimed.map((job) => settlement(job, completed));
          await store.settleAndClaim({ settlements, claims: [] });
        }
        await store.add(pairs(waiting));
        const plan = await endOf(explained, 20);
        pages[name] = plan.pages;
        assertByKeys(plan);
      });
    }
    t.diagnostic(`pages for 20 jobs: ${JSON.stringify(pages)}`);
    assert.ok(pages.stale! <= pages.fresh! * 1.1, JSON.stringify(pages));
    // Larger indexes are a level deeper.
    assert.ok(pages.fresh! <= pages.few! * 1.6, JSON.stringify(pages));
  });

  test("on which many wait reads in proportion to them", { timeout }, async (t) => {
    const pages: number[] = [];
    for (const [name, count] of [["hundred", 100], ["thousand", 1_000]] as const) {
      await withStore(name, async (explained) => {
        const first = jobInput();
        await explained.store.add([
          first,
          ...Array.from(
            { length: count },
            () => jobInput({ dependsOn: [first.id], queueName: "dependents" }),
          ),
        ]);
        const plan = await endOf(explained, 1);
        assertByKeys(plan);
        pages.push(plan.pages);
      });
    }
    t.diagnostic(`pages read: ${pages[0]} for 100, ${pages[1]} for 1,000`);
    // The statement was tried before, so there are dead rows.
    assert.ok(pages[1]! <= pages[0]! * 16, `${pages}`);
  });

  test("reads no more when the job that waits for it waits for hundreds that are over", {
    timeout,
  }, async (t) => {
    const pages: number[] = [];
    for (const [name, over] of [["alone", 10], ["last", 990]] as const) {
      await withStore(name, async (explained) => {
        const { store } = explained;
        const all = Array.from({ length: over + 10 }, () => jobInput());
        const dependsOn = all.map(({ id }) => id);
        await store.add([...all, jobInput({ dependsOn, queueName: "dependents" })]);
        const claimed = await claimOf(store, over);
        await store.settleAndClaim({
          settlements: claimed.map((job) => settlement(job, completed)),
          claims: [],
        });
        const plan = await endOf(explained, 1);
        assertByKeys(plan);
        pages.push(plan.pages);
      });
    }
    t.diagnostic(`pages read: ${pages[0]} after 10 others, ${pages[1]} after 990`);
    assert.ok(pages[1]! <= pages[0]! + 40, `${pages}`);
  });

  test("cancels a chain, and a retry brings it back, in proportion to its length", {
    timeout,
  }, async (t) => {
    const pages: Record<"cancelled" | "retried" | "failed", number[]> = {
      cancelled: [],
      retried: [],
      failed: [],
    };
    for (const [name, length] of [["short", 100], ["long", 400]] as const) {
      await withStore(name, async (explained) => {
        const { store, explain } = explained;
        const traceId = newTraceId();
        const chain: JobInput[] = [];
        while (chain.length < length) {
          chain.push(jobInput({ traceId, dependsOn: chain.slice(-1).map(({ id }) => id) }));
        }
        await store.add(chain);
        const { id } = chain[0]!;
        const noted = {
          cancelled: await explain("cancel_job", () => store.cancel(id, { error: reason })),
          retried: await explain("retry_job", () => store.retry(id)),
          failed: await endOf(explained, 1, failed as never),
        };
        assert.equal((await store.get(chain.at(-1)!.id))?.status, "cancelled");
        for (const what of ["cancelled", "retried", "failed"] as const) {
          assertByKeys(noted[what]);
          pages[what].push(noted[what].pages);
        }
      });
    }
    t.diagnostic(`pages for chains of 100 and 400: ${JSON.stringify(pages)}`);
    for (const [shorter, longer] of Object.values(pages)) {
      // Each index is a level deeper at some length; in proportion to the square it would be 16.
      assert.ok(longer! <= shorter! * 4 * 1.3, JSON.stringify(pages));
    }
  });

  test(
    "in a trace of ten thousand reads no more than in one of a hundred, while one is unfinished",
    {
      timeout,
    },
    async (t) => {
      const pages: Record<string, number> = {};
      for (const unfinished of ["newest", "oldest"] as const) {
        for (const size of [100, 10_000]) {
          const schema = `${unfinished}_${size}`;
          await withStore(schema, async (explained) => {
            await analyzeForGood(sql, schema);
            const traceId = newTraceId();
            const other = [jobInput({ traceId, queueName: "others" })];
            if (unfinished === "oldest") await explained.store.add(other);
            await fill(sql, schema, size, {
              status: "'completed'",
              trace_id: `'${traceId}'::uuid`,
              finished_at: "now()",
            });
            await explained.store.add([jobInput({ traceId })]);
            if (unfinished === "newest") await explained.store.add(other);
            const plan = await endOf(explained, 1);
            assertByKeys(plan);
            pages[schema] = plan.pages;
          });
        }
      }
      t.diagnostic(`pages read: ${JSON.stringify(pages)}`);
      for (const unfinished of ["newest", "oldest"]) {
        assert.ok(
          pages[`${unfinished}_10000`]! <= pages[`${unfinished}_100`]! + 20,
          JSON.stringify(pages),
        );
      }
    },
  );
});
