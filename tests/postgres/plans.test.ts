import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { attemptsOf } from "../conformance/answers.ts";
import pg from "postgres";
import { newTraceId } from "../../mod.ts";
import { newJobId } from "../../src/job/ids.ts";
import { jobStatuses } from "../../src/job/status.ts";
import { postgres } from "../../src/store/postgres.ts";
import { passQuery } from "../../src/store/postgres/change.ts";
import { endedQuery, findQuery } from "../../src/store/postgres/find.ts";
import type { MassChange } from "../../src/store.ts";
import { jobInput, reason } from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { explainer } from "./explain.ts";
import { planTeller } from "./plan_teller.ts";
import { analyzeForGood, fill, vacuumAnalyze, withoutIndexes } from "./fill.ts";
import { tellingClient } from "./telling_client.ts";

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

async function newSchema(name: string): Promise<string> {
  await (await postgres(database.url, { schema: name })).close();
  return name;
}

/** The claims of a call: of jobs of one queue. */
const claimsOf = (limit: number) =>
  JSON.stringify([{ token: crypto.randomUUID(), queueName: "orders", limit, leaseMs: 60_000 }]);

const claim = (schema: string, limit: number) =>
  `select * from ${schema}.settle_and_claim('[]', '${claimsOf(limit)}', false)`;

/** The settlements of a call: that all jobs completed that are held by claims. */
async function allCompleted(schema: string): Promise<string> {
  const claims = await sql.unsafe<{ token: string; sequences: string[] }[]>(
    `select token::text, sequences::text[] from ${schema}.claims order by token`,
  );
  return JSON.stringify(claims.map(({ token, sequences }) => [
    token,
    `{${sequences.map((_, i) => i + 1)}}`,
    `{${sequences}}`,
    `{${sequences.map(() => 1)}}`,
    null,
    null,
    null,
  ]));
}

const skip = whyNoDatabase;

describe("an enqueue of parts", { skip }, () => {
  test(
    "looks each parent up by index, however many jobs are cancelled, and only where there is one",
    {
      timeout: 60_000,
    },
    async (t) => {
      const schema = await newSchema("parents");
      await using server = await explainer(database.url);
      let statement: { text: string; values: (string | number | null)[] } | undefined;
      const told = tellingClient(sql, (text, values) => {
        if (!text.includes(".enqueued as j")) return;
        statement = { text, values: values as (string | number | null)[] };
      });
      const store = await postgres(told, { schema });
      const ids = (await store.add(Array.from({ length: 1_000 }, () => jobInput()))).map(
        ({ job }) => job.id,
      );
      const cost = async (parentIds: readonly (string | undefined)[]) => {
        await store.add(parentIds.map((parentId) => jobInput({ parentId })));
        const { text, values } = statement!;
        // A list of their ids alone.
        const fresh = `{${parentIds.map(() => newJobId()).join(",")}}`;
        return await server.explain(text, [fresh, ...values.slice(1)]);
      };
      await cost(ids);
      const few = await cost(ids);
      const [root] = await store.add([jobInput()]);
      const parts = Array.from({ length: 1_000 }, () => jobInput({ parentId: root!.job.id }));
      for (const _ of [1, 2, 3]) {
        await store.add(parts.map((part) => ({ ...part, id: newJobId(), traceId: newTraceId() })));
      }
      await store.cancel(root!.job.id, { error: reason, descendants: true });
      await vacuumAnalyze(sql, schema);
      const many = await cost(ids);
      const without = await cost(ids.map(() => undefined));
      t.diagnostic(`pages read: ${few.pages}, ${many.pages}, without parents ${without.pages}`);
      assert.ok(!many.steps.some((step) => /Scan on ended$/.test(step)), many.steps.join(", "));
      assert.ok(many.steps.some((step) => /on ended_cancelled$/.test(step)), many.steps.join(", "));
      assert.ok(!without.steps.some((step) => /ended/.test(step)), without.steps.join(", "));
    },
  );
});

describe("a claim", { skip }, () => {
  test("that finds nothing reads as many pages with 100,000 scheduled jobs as with none", {
    timeout: 60_000,
  }, async (t) => {
    const schema = await newSchema("idle");
    await using server = await explainer(database.url);
    await server.explain(claim(schema, 100));
    const empty = await server.explain(claim(schema, 100));
    await fill(sql, schema, 100_000, {
      status: "'scheduled'",
      run_at: "now() + n * interval '1 minute'",
    });
    await vacuumAnalyze(sql, schema);
    await server.explain(claim(schema, 100));
    const scheduled = await server.explain(claim(schema, 100));
    t.diagnostic(`pages read: ${empty.pages} without, ${scheduled.pages} with scheduled jobs`);
    // An index of 100,000 entries is one or two levels deeper than an empty one.
    assert.ok(scheduled.pages <= empty.pages + 6, `${empty.pages}, then ${scheduled.pages}`);
  });

  test("keeps its plan when the planner's statistics are of a table that held one row", {
    timeout: 60_000,
  }, async (t) => {
    const claims = [];
    for (const [name, rows] of [["fresh", 0], ["stale", 1]] as const) {
      const schema = await newSchema(name);
      await fill(sql, schema, rows);
      await analyzeForGood(sql, schema);
      await fill(sql, schema, 20_000);
      await using server = await explainer(database.url);
      claims.push(await server.explain(claim(schema, 100)));
    }
    const [fresh, stale] = claims;
    t.diagnostic(`pages read: ${fresh!.pages} fresh, ${stale!.pages} with stale statistics`);
    assert.deepEqual(stale!.steps, fresh!.steps);
    assert.ok(fresh!.steps.includes("Index Scan on ready_order"));
    assert.ok(!fresh!.steps.some((step) => /Seq Scan|Sort/.test(step)), fresh!.steps.join(", "));
    assert.ok(stale!.pages <= fresh!.pages * 1.1, `${fresh!.pages}, then ${stale!.pages}`);
  });
});

describe("a call that records outcomes", { skip }, () => {
  test("looks each job up by its id, though no job ran when the planner's statistics were made", {
    timeout: 60_000,
  }, async (t) => {
    const schema = await newSchema("backlog");
    await fill(sql, schema, 5_000);
    await analyzeForGood(sql, schema);
    await sql.unsafe(claim(schema, 1_000));
    await using server = await explainer(database.url);
    const plan = await server.explain(
      `select * from ${schema}.settle_and_claim($1::text::jsonb, '[]', false)`,
      [await allCompleted(schema)],
    );
    t.diagnostic(`${plan.pages} pages for 1,000 outcomes`);
    assert.ok(plan.steps.includes("Index Scan on claims_pkey"), plan.steps.join(", "));
    assert.ok(plan.steps.includes("Index Scan on enqueued_pkey"), plan.steps.join(", "));
    assert.ok(!plan.steps.some((step) => /Seq Scan/.test(step)), plan.steps.join(", "));
    assert.ok(plan.pages < 40_000, `${plan.pages}`);
  });
});

describe("a call that ends traces", { skip }, () => {
  test("looks at each trace by index, whatever the planner's statistics say", {
    timeout: 60_000,
  }, async (t) => {
    const pages = [];
    for (const [name, isAnalyzed] of [["analyzed", true], ["unknown", false]] as const) {
      const schema = await newSchema(name);
      await analyzeForGood(sql, schema);
      await fill(sql, schema, 100_000, {
        status: "'completed'",
        trace_id: "md5((n / 4)::text)::uuid",
        finished_at: "now()",
      });
      await fill(sql, schema, 100, {
        status: "'running'",
        trace_id: "md5('running ' || n / 4)::uuid",
      });
      if (isAnalyzed) await vacuumAnalyze(sql, schema);
      await using server = await explainer(database.url);
      const plan = await server.explain(
        `select * from ${schema}.settle_and_claim($1::text::jsonb, '[]', false)`,
        [await allCompleted(schema)],
      );
      // It came as far as the ends that the traces had before.
      assert.ok(plan.steps.some((step) => /enqueued_trace/.test(step)), plan.steps.join(", "));
      const passes = plan.steps.filter((step) =>
        /Seq Scan on (enqueued|ready|waiting|claims|ended)/.test(step)
      );
      assert.deepEqual(passes, []);
      pages.push(plan.pages);
    }
    t.diagnostic(`pages read: ${pages[0]} analyzed, ${pages[1]} with unknown statistics`);
    assert.ok(Math.max(...pages) < 10_000, `${pages}`);
  });
});

describe("a count of what ended lately", { skip }, () => {
  test("reads that by index, also when the planner's statistics are of a smaller table", {
    timeout: 60_000,
  }, async (t) => {
    for (const [name, firstRows] of [["known", 100_000], ["outgrown", 1_000]] as const) {
      const schema = await newSchema(name);
      await analyzeForGood(sql, schema);
      const ended = (after: number) => ({
        status: "'completed'",
        finished_at: `now() - (100000 - n - ${after}) * interval '6 seconds'`,
      });
      await fill(sql, schema, firstRows, ended(0));
      await vacuumAnalyze(sql, schema);
      await fill(sql, schema, 100_000 - firstRows, ended(firstRows));
      await using server = await explainer(database.url);
      const { text, values } = endedQuery(schema, 3_600_000, null);
      // First the session learns what tables there are.
      await server.explain(text, values as (number | null)[]);
      const { pages, steps } = await server.explain(text, values as (number | null)[]);
      t.diagnostic(`${name}: ${pages} pages`);
      assert.ok(steps.some((step) => / on ended_finished$/.test(step)), steps.join(", "));
      const others = steps.filter((step) => / on ended(?!(_failed)?_finished$)/.test(step));
      assert.deepEqual(others, []);
      assert.ok(pages < 100, `${pages} pages of ${steps.join(", ")}`);
    }
  });
});

describe("retention", { skip }, () => {
  test("passes over nothing that is kept for longer, whatever the planner's statistics say", {
    timeout: 60_000,
  }, async (t) => {
    const alike = (ms: number) => ({ completed: ms, failed: ms, cancelled: ms });
    const retention = JSON.stringify({
      ...alike(3_600_000),
      failed: 1e9,
      queues: { audit: alike(1e9), ticks: alike(60_000) },
    });
    for (const isAnalyzed of [true, false]) {
      const schema = await newSchema(isAnalyzed ? "kept_known" : "kept_unknown");
      await analyzeForGood(sql, schema);
      const ended = (queueName: string, status: string, agoMs: number) => ({
        queue_name: `'${queueName}'`,
        status: `'${status}'`,
        finished_at: `now() - ${agoMs} * interval '1 ms'`,
      });
      await fill(sql, schema, 50_000, ended("audit", "completed", 1e8));
      await fill(sql, schema, 20_000, ended("orders", "failed", 1e8));
      await fill(sql, schema, 20_000, ended("orders", "completed", 1_000_000));
      if (isAnalyzed) await vacuumAnalyze(sql, schema);
      await using server = await explainer(database.url);
      const remove = `select ${schema}.remove_ended($1::text::jsonb, 500)`;
      // First the session learns what tables there are.
      await server.explain(remove, [retention]);
      const { pages, steps } = await server.explain(remove, [retention]);
      t.diagnostic(`${pages} pages to remove nothing`);
      assert.ok(pages < 300, `${pages} pages of ${steps.join(", ")}`);

      await fill(sql, schema, 100, ended("orders", "completed", 1e7));
      await fill(sql, schema, 100, ended("orders", "cancelled", 1e7));
      await fill(sql, schema, 100, ended("ticks", "completed", 100_000));
      await fill(sql, schema, 100, ended("ticks", "failed", 100_000));
      const full = await server.explain(remove, [retention]);
      t.diagnostic(`${full.pages} pages to remove 400`);
      assert.ok(full.pages < 100 * 400, `${full.pages}`);
      const passes = full.steps.filter((step) => /Seq Scan on |^Sort/.test(step));
      assert.deepEqual(passes, []);
      const [row] = await sql.unsafe(remove + " as removed", [retention]);
      assert.equal(row!.removed, 400);
    }
  });
});

const massChanges: Readonly<Record<MassChange["type"], MassChange>> = {
  cancel: { type: "cancel", error: reason },
  retry: { type: "retry" },
  reschedule: { type: "reschedule", delayMs: 0, priority: 1, operator: { by: "Ada" } },
  delete: { type: "delete" },
};

describe("among a million ended jobs", { skip }, () => {
  const schema = "million";
  const channel = schema;
  before(async () => {
    await newSchema(schema);
    await withoutIndexes(sql, schema, async () => {
      await fill(sql, schema, 20_000, { queue_name: "'later'", status: "'scheduled'" });
      await fill(sql, schema, 20_000, { queue_name: "'now'", status: "'ready'" });
      for (let claims = 0; claims < 200; claims++) {
        await fill(sql, schema, 100, { queue_name: "'now'", status: "'running'" });
      }
      await sql.unsafe(
        `insert into ${schema}.progress (sequence, attempts, max_attempts)
          select sequence, 1, 3 from ${schema}.waiting`,
      );
      await fill(sql, schema, 1_000_000, {
        queue_name: "'queue_' || n % 10",
        status: "case when n % 500 = 0 then 'failed' else 'completed' end",
        trace_id: "md5((n / 5)::text)::uuid",
        correlation_id: "'order-' || n / 5",
        parent_id: "case when n % 5 > 0 then md5((n / 5 * 5)::text)::uuid end",
        created_at: "now() - (1000000 - n) * interval '1 second'",
        finished_at: "now()",
      });
    });
    await vacuumAnalyze(sql, schema);
  }, { timeout: 180_000 });

  test("a lookup reads a few pages by trace, correlation id, parent, queue and status", {
    timeout: 60_000,
  }, async (t) => {
    const [one] = await sql.unsafe(
      `select trace_id::text, parent_id::text from ${schema}.jobs ` +
        "where correlation_id = 'order-100000' and parent_id is not null limit 1",
    );
    const ranIn = newTraceId();
    await sql.unsafe(
      `insert into ${schema}.attempt_traces select '${ranIn}', id from ${schema}.jobs limit 50`,
    );
    await using server = await explainer(database.url);
    const filters = {
      "by trace": { traceId: one!.trace_id },
      "by a trace that is not there": { traceId: newTraceId() },
      "by a trace that attempts ran in": { traceId: ranIn },
      "by correlation id": { correlationId: "order-100000" },
      "by parent": { parentId: one!.parent_id },
      "by queue": { queueNames: ["queue_3"] },
      "by status, where there are many": { statuses: ["completed"] },
      "by status, where there are few": { statuses: ["failed"] },
      "by status, where there are none": { statuses: ["blocked", "retrying"] },
      "by status, where there are none in a queue": {
        queueNames: ["queue_3"],
        statuses: ["running", "blocked", "ready"],
      },
      "by status, of jobs that can be claimed": { statuses: ["ready"] },
      "by status, of jobs that run": { statuses: ["running"] },
      "by queue and status": { queueNames: ["queue_0"], statuses: ["failed"] },
      "a later page": { before: 500_000 },
    } as const;
    for (const [name, filter] of Object.entries(filters)) {
      const { text, values } = findQuery(schema, { ...filter, limit: 101 });
      const { pages, steps } = await server.explain(text, values as (string | number)[]);
      t.diagnostic(`${name}: ${pages} pages`);
      // All that run are in a few rows.
      const passes = steps.filter((step) => /^Seq Scan (?!on claims$)/.test(step));
      assert.deepEqual(passes, [], `${name}: ${steps.join(", ")}`);
      // A page or two of each job's row and of its end, and the way there in two indexes.
      assert.ok(pages <= 7 * 101, `${name}: ${pages} pages of ${steps.join(", ")}`);
    }
  });

  test("a pass that changes jobs reads in proportion to those that it looks at", {
    timeout: 60_000,
  }, async (t) => {
    const [one] = await sql.unsafe(
      `select trace_id::text, parent_id::text from ${schema}.jobs ` +
        "where correlation_id = 'order-100000' and parent_id is not null limit 1",
    );
    await using server = await explainer(database.url);
    const filters = {
      "by trace": { traceId: one!.trace_id },
      "by a trace that is not there": { traceId: newTraceId() },
      "by correlation id": { correlationId: "order-100000" },
      "by parent": { parentId: one!.parent_id },
      "by queue": { queueNames: ["queue_3"] },
      "by queue, of jobs that wait": { queueNames: ["later"] },
      "by queue, of jobs that can be claimed": { queueNames: ["now"], statuses: ["ready"] },
      "by queue and status": { queueNames: ["queue_0"], statuses: ["failed"] },
      "a later pass": { queueNames: ["queue_0"], after: 500_000 },
    } as const;
    for (const [name, filter] of Object.entries(filters)) {
      for (const type of ["cancel", "retry", "reschedule", "delete"] as const) {
        const change = massChanges[type];
        const { text, values } = passQuery(schema, {
          filter,
          change,
          limit: 100,
          at: null,
          channel,
        });
        const { pages, steps } = await server.explain(text, values as (string | number)[]);
        t.diagnostic(`${type} ${name}: ${pages} pages`);
        const passes = steps.filter((step) =>
          /^Seq Scan (?!on (claims|cancelled_trees|interests)$)/.test(step)
        );
        assert.deepEqual(passes, [], `${type} ${name}: ${steps.join(", ")}`);
        assert.ok(pages <= 100 * 150, `${type} ${name}: ${pages} pages of ${steps.join(", ")}`);
      }
    }
  });

  test("no statement of a store is dear enough to be compiled, whatever it asks", {
    timeout: 60_000,
  }, async (t) => {
    await using teller = planTeller(database.url);
    const store = await postgres(teller.sql, { schema, migrate: false });
    const { jobs: [found] } = await store.find({ correlationId: "order-100000", limit: 1 });
    const { id, traceId, parentId, queueName } = found!;
    const lease = { jobId: id, leaseToken: crypto.randomUUID() };
    await store.get(id);
    await attemptsOf(store, id);
    for (const filter of [{}, { traceId }, { parentId: parentId! }, { queueName }]) {
      await store.find({ ...filter, limit: 1_000 });
      for (const status of jobStatuses) {
        await store.find({ ...filter, statuses: [status], limit: 1_000 });
      }
    }
    await store.counts();
    await store.counts({ endedWithinMs: 3_600_000 });
    await store.health?.();
    await store.traceEnds!.hasUnfinished({ traceId, exceptJobId: id });
    await store.extend([lease], { leaseMs: 60_000 });
    await store.maintain({ retentionMs: Number.MAX_SAFE_INTEGER, limit: 1_000 });
    await store.traceEnds!.settle(await store.traceEnds!.claim({ limit: 100, leaseMs: 60_000 }));
    await store.settleAndClaim({
      settlements: [],
      claims: [{ queueName, limit: 100, leaseMs: 60_000 }],
    });
    await store.cancel(id, { error: { name: "Error", message: "cancelled" } });
    for (const filter of [{ traceId }, { parentId: parentId! }, { queueNames: [queueName] }]) {
      for (const type of ["cancel", "retry", "reschedule", "delete"] as const) {
        await store.countMatching(filter, type, 10_000);
        await store.change(filter, massChanges[type], { limit: 10 });
      }
    }
    await store.close();

    const [{ limit } = {}] = await sql`select current_setting('jit_above_cost')::float8 as limit`;
    const dearest = [...teller.statements].sort((one, other) => other.cost - one.cost);
    t.diagnostic(`of ${dearest.length} statements the dearest costs ${dearest[0]!.cost}`);
    assert.ok(dearest.length > 40, `${dearest.length}`);
    assert.deepEqual(dearest.filter(({ cost }) => cost >= limit), []);
  });
});
