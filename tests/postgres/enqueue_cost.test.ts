/** What an enqueue costs the server, in rows, entries of indexes, pages and statements. */

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import pg from "postgres";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import type { JobInput, Store } from "../../src/store.ts";
import { jobInput } from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { explainer } from "./explain.ts";
import { analyzeForGood, fill } from "./fill.ts";
import { tellingClient } from "./telling_client.ts";

const timeout = 60_000;

interface Statement {
  readonly text: string;
  readonly values: (string | number | null)[];
}

interface LoggedStep {
  readonly "Subplan Name"?: string;
  readonly "Operation"?: string;
  readonly "WAL Records": number;
  readonly Plans?: readonly LoggedStep[];
}

/** Of a statement: what nothing reads from (`ready`) is done after it, and counted by itself. */
function recordsOf(plan: LoggedStep): number {
  const after = (plan.Plans ?? []).filter((step) =>
    step.Operation === "Insert" && step["Subplan Name"] !== "CTE added"
  );
  return after.reduce((sum, step) => sum + step["WAL Records"], plan["WAL Records"]);
}

describe("an enqueue", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  const sent: Statement[] = [];
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 1, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  /** A store whose statements are kept. */
  async function open(schema: string): Promise<Store<Sql>> {
    const told = tellingClient(sql, (text, values) => {
      sent.push({ text, values: values as Statement["values"] });
    });
    const store = await postgres({ ...told, options: { max: 4 } }, { schema });
    sent.length = 0;
    return store;
  }

  /** The one statement of a call that adds these jobs. What it notifies beside that is none of it. */
  async function statementOf(store: Store<Sql>, inputs: readonly JobInput[]): Promise<Statement> {
    sent.length = 0;
    await store.add(inputs);
    await setTimeout(20);
    const adding = sent.filter(({ text }) => !text.startsWith("select pg_notify("));
    assert.equal(adding.length, 1, adding.map(({ text }) => text).join(";\n"));
    return adding[0]!;
  }

  /** The same with other ids. */
  function withNewIds({ text, values: [input, ...values] }: Statement): Statement {
    const ids = new Map<string, string>();
    const renamed = (id: string) => {
      if (!ids.has(id)) ids.set(id, crypto.randomUUID());
      return ids.get(id)!;
    };
    if (!(input as string).startsWith("[")) {
      // A list of the ids alone.
      const again = (input as string).replace(/[0-9a-f-]{36}/g, renamed);
      return { text, values: [again, ...values] };
    }
    const jobs = JSON.parse(input as string) as string[][];
    for (const one of jobs) one[0] = renamed(one[0]!);
    let again = JSON.stringify(jobs);
    for (const [before, after] of ids) again = again.replaceAll(before, after);
    return { text, values: [again, ...values] };
  }

  const many = (count: number, fields: (n: number) => Partial<JobInput> = () => ({})) =>
    Array.from({ length: count }, (_, n) => jobInput(fields(n)));
  const chain = (count: number, fields: Partial<JobInput> = {}) => {
    const jobs: JobInput[] = [];
    for (let n = 0; n < count; n++) {
      jobs.push(jobInput({ ...fields, dependsOn: jobs.slice(-1).map(({ id }) => id) }));
    }
    return jobs;
  };

  // A record of the log for each row and each entry of an index; few more where pages are split.
  const costs: Readonly<Record<string, readonly [() => readonly JobInput[], number]>> = {
    "a plain job: two rows and six entries": [() => many(1_000), 8],
    "a job with a correlation id: one entry more": [
      () => many(1_000, (n) => ({ correlationId: `order ${n}` })),
      9,
    ],
    "a delayed job: two rows and seven entries": [
      () => many(1_000, () => ({ delayMs: 60_000 })),
      9,
    ],
    "a job that waits for another: three rows and nine entries": [() => chain(1_000), 12],
  };
  for (const [what, [inputs, records]] of Object.entries(costs)) {
    test(`costs for ${what}`, { timeout }, async (t) => {
      const store = await open(`cost_${records}_${what.length}`);
      const { text, values } = withNewIds(await statementOf(store, inputs()));
      await sql`begin`;
      const [row] = await sql.unsafe(`explain (analyze, wal, format json) ${text}`, values);
      await sql`rollback`;
      const [{ Plan: plan }] = row!["QUERY PLAN"] as [{ Plan: LoggedStep }];
      const perJob = recordsOf(plan) / 1_000;
      t.diagnostic(`${perJob} records a job`);
      assert.equal(Math.round(perJob - 0.2), records);
    });
  }

  for (const traceparent of ["00-malformed", "", "with \u001f in it"]) {
    const what = JSON.stringify(traceparent);
    test(`of many jobs in one call stores each as it is, with the traceparent ${what}`, {
      timeout,
    }, async () => {
      const store = await open(`many_${traceparent.length}`);
      const inputs = many(100, (n) => ({
        payload: JSON.stringify({ n, text: `"\\ü\u0001\u{1f600} {},'` }),
        ...n % 2 === 0 && { correlationId: `order {"${n}"}, ü\\ \u{1f600}'` },
        ...n % 3 === 0 && { traceparent },
      }));
      await store.add(inputs);
      const { jobs } = await store.find({ limit: 100 });
      assert.deepEqual(
        [...jobs].reverse().map(({ id, payload, traceId, correlationId, traceparent }) => ({
          id,
          payload,
          traceId,
          correlationId,
          traceparent,
        })),
        inputs.map(({ id, payload, traceId, correlationId, traceparent }) => ({
          id,
          payload,
          traceId,
          correlationId,
          traceparent,
        })),
      );
    });
  }

  test("of jobs that are stored already learns so by failing, and then asks first", {
    timeout,
  }, async () => {
    const store = await open("again");
    const inputs = many(3);
    const first = await store.add(inputs);
    sent.length = 0;
    const again = await store.add(inputs);
    assert.deepEqual(again.map(({ job }) => job.id), first.map(({ job }) => job.id));
    assert.ok(again.every(({ deduplicated }) => deduplicated));
    const wary = (statements: readonly Statement[]) =>
      statements.map(({ text }) => text.includes("on conflict"));
    assert.deepEqual(wary(sent).slice(0, 2), [false, true]);
    sent.length = 0;
    await store.add(inputs);
    assert.equal(wary(sent)[0], true);
  });

  test("in a caller's transaction is one statement, and harms it by no job that is stored", {
    timeout,
  }, async () => {
    const store = await open("within");
    const inputs = many(2);
    await store.add([inputs[0]!]);
    const other = pg(database.url, { max: 1, onnotice: () => {} });
    await other.begin(async (transaction) => {
      const statements: string[] = [];
      const counted = tellingClient(transaction, (text) => void statements.push(text));
      const [added] = await store.add([jobInput()], { transaction: counted });
      assert.equal(added!.deduplicated, false);
      assert.equal(statements.length, 1, statements.join(";\n"));
      const both = await store.add(inputs, { transaction: counted });
      assert.deepEqual(both.map(({ deduplicated }) => deduplicated), [true, false]);
    });
    await other.end();
  });

  test("of jobs with dependencies looks each up by index, whatever the statistics say", {
    timeout,
  }, async (t) => {
    const store = await open("statistics");
    await fill(sql, "statistics", 1);
    await analyzeForGood(sql, "statistics");
    await fill(sql, "statistics", 30_000, { status: "'completed'", finished_at: "now()" });
    const stored = await sql<{ id: string }[]>`select id from statistics.enqueued limit 1000`;
    const statement = await statementOf(
      store,
      many(500, (n) => ({ dependsOn: [stored[n]!.id, stored[n + 500]!.id] })),
    );
    await using server = await explainer(database.url);
    const { text, values } = withNewIds(statement);
    await server.explain(text, values);
    const { pages, steps } = await server.explain(text, values);
    t.diagnostic(`${pages} pages for 500 jobs with 1,000 dependencies`);
    assert.ok(steps.some((step) => / on enqueued_id_key$/.test(step)), steps.join(", "));
    assert.ok(!steps.some((step) => /Seq Scan on (enqueued|ended)$/.test(step)), steps.join(", "));
    assert.ok(pages < 60_000, `${pages}`);
  });

  for (const isCancelled of [false, true]) {
    const what = isCancelled
      ? "all cancelled because of the first one's dependency"
      : "all waiting";
    test(`of a chain, ${what}, joins no set with another row by row`, { timeout }, async (t) => {
      const schema = isCancelled ? "cancelled_chain" : "chain";
      const store = await open(schema);
      const [root] = await store.add([jobInput()]);
      if (isCancelled) {
        await store.cancel(root!.job.id, { error: { name: "JobCancelledError", message: "no" } });
      }
      const pagesOf = async (count: number) => {
        const [first, ...rest] = chain(count);
        const inputs = [{ ...first!, dependsOn: [root!.job.id] }, ...rest];
        const { text, values } = withNewIds(await statementOf(store, inputs));
        const [last] = (await store.find({ limit: 1 })).jobs;
        assert.equal(last!.status, isCancelled ? "cancelled" : "blocked");
        await using server = await explainer(database.url);
        await server.explain(text, values);
        return await server.explain(text, values);
      };
      const [short, long] = [await pagesOf(500), await pagesOf(1_000)];
      t.diagnostic(`${short.pages} pages for 500 jobs, ${long.pages} for 1,000`);
      assert.ok(long.pages < 2.3 * short.pages);
      const steps = long.steps.join(", ");
      // Of two sets, one is looked through for each row of the other.
      assert.ok(!/Nested Loop, CTE Scan, CTE Scan/.test(steps), steps);
    });
  }
});
