import assert from "node:assert/strict";
import { after, before, describe, test, type TestContext } from "node:test";
import pg from "postgres";
import { JobQueue, newTraceId } from "../../mod.ts";
import { jobRouter } from "../../src/http.ts";
import { page } from "../../src/page.ts";
import { newJobId } from "../../src/job/ids.ts";
import { type JobPart, jobParts } from "../../src/job/record.ts";
import { postgres } from "../../src/store/postgres.ts";
import type { Row, Sql } from "../../src/store/postgres/client.ts";
import { graphStatement } from "../../src/store/postgres/add.ts";
import { findQuery } from "../../src/store/postgres/find.ts";
import { toInputText } from "../../src/store/postgres/rows.ts";
import { jobInput } from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { explainer } from "./explain.ts";
import { vacuumFull } from "./fill.ts";

const skip = whyNoDatabase;
const JOBS = 120;
const usedKeys = Array.from({ length: JOBS }, (_, i) => `key ${i}`);

/** A schema with one trace of jobs, each with a payload and a result of so many random digits. */
interface Filled {
  readonly schema: string;
  readonly traceId: string;
  readonly id: string;
}

let database: TestDatabase;
let sql: pg.Sql;
const filled = new Map<number, Filled>();
before(async () => {
  database = await openTestDatabase();
  sql = pg(database.url, { max: 1, onnotice: () => {} });
  for (const size of [0, 250_000]) filled.set(size, await fill(size));
});
after(async () => {
  await sql.end();
  await database.drop();
});

async function fill(size: number): Promise<Filled> {
  const schema = `size_${size}`;
  await using queue = new JobQueue({ store: await postgres(database.url, { schema }) });
  const traceId = newTraceId();
  const text = () => Array.from({ length: size / 250 }, () => digits()).join("");
  const common = { traceId, correlationId: "order" };
  const { id } = await queue.enqueue("a", text(), { ...common, idempotencyKey: "key 0" });
  for (let i = 1; i < JOBS; i++) {
    await queue.enqueue("a", text(), { ...common, idempotencyKey: `key ${i}`, parent: id });
  }
  const half = queue.worker("a", ({ payload }) => payload);
  await half.tick({ maxJobs: JOBS / 2 });
  await queue.worker("a", () => {
    throw new Error("no");
  }, { concurrency: 1 }).tick({ maxJobs: 3 });
  await vacuumFull(sql, schema);
  return { schema, traceId, id };
}

function digits(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(125));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

describe("what a view does not show is not read", { skip }, () => {
  test("the server reads as many pages with payloads of 250 kB as with empty ones", async (t) => {
    await using server = await explainer(database.url);
    const pagesOf = async ({ schema, traceId }: Filled, more: object) => {
      const { text, values } = findQuery(schema, { traceId, limit: 1_000, include: [], ...more });
      const given = values as (string | number | null)[];
      await server.explain(text, given);
      return (await server.explain(text, given)).pages;
    };
    const [empty, large] = [filled.get(0)!, filled.get(250_000)!];
    for (
      const more of [{}, { maxBytes: 4_000_000 }, { queueNames: ["a"] }, { traceId: undefined }]
    ) {
      const [few, many] = [await pagesOf(empty, more), await pagesOf(large, more)];
      t.diagnostic(`${few} pages with empty payloads, ${many} with large ones`);
      assert.ok(many <= few + 4, `${few} pages, then ${many}`);
    }
    const whole = await pagesOf(large, { include: undefined });
    assert.ok(whole > 20 * JOBS, `${whole} pages with the payloads`);
  });

  test("the server reads as many pages for used keys of large jobs as of empty ones", async (t) => {
    await using server = await explainer(database.url);
    const again = toInputText(
      usedKeys.map((idempotencyKey) => jobInput({ queueName: "a", idempotencyKey })),
    );
    const pagesOf = async (size: number, include: readonly JobPart[]) => {
      const text = graphStatement(filled.get(size)!.schema, include);
      await server.explain(text, [again, null, null]);
      return (await server.explain(text, [again, null, null])).pages;
    };
    const [few, many] = [await pagesOf(0, []), await pagesOf(250_000, [])];
    t.diagnostic(`${few} pages with empty payloads, ${many} with large ones`);
    assert.ok(many <= few + 4, `${few} pages, then ${many}`);
    const whole = await pagesOf(250_000, jobParts);
    assert.ok(whole > few + 20 * JOBS, `${whole} pages with the payloads`);
  });

  const views = [
    "/jobs?limit=1000",
    "/jobs?status=failed&queueName=a",
    "/traces/{traceId}",
    "/correlations/order",
    "/stats?endedWithinMs=60000",
    "/page",
    "/page/traces/{traceId}",
    "/page/correlations/order",
    "/page/search?q={traceId}",
    "/page/search?q={id}",
  ];
  for (const view of views) {
    test(`${view} brings as many bytes from the server`, (t) => asManyBytes(view, t));
  }

  const plain = usedKeys.map((idempotencyKey) => ({ queueName: "a", payload: 0, idempotencyKey }));
  const firstId = newJobId();
  const inOrder = [
    { ...plain[0], id: firstId },
    { ...plain[1], dependsOn: [firstId] },
    ...plain.slice(2),
  ];
  for (const [how, jobs] of Object.entries({ plain, inOrder })) {
    test(`a batch of used keys brings as many bytes: ${how}`, (t) => {
      const body = JSON.stringify({ jobs });
      const headers = { "content-type": "application/json" };
      return asManyBytes("/jobs/batch", t, { method: "POST", headers, body });
    });
  }

  test("a job's page brings its own payload and no other job's", async () => {
    const bytes = await bytesOf("/page/jobs/{id}", 250_000);
    assert.ok(bytes > 500_000 && bytes < 520_000, `${bytes} bytes`);
  });
});

async function asManyBytes(view: string, t: TestContext, init?: RequestInit): Promise<void> {
  const [few, many] = [await bytesOf(view, 0, init), await bytesOf(view, 250_000, init)];
  t.diagnostic(`${few} bytes with empty payloads, ${many} with large ones`);
  // Sizes have more digits when they are larger.
  assert.ok(many <= few + 12 * JOBS, `${few} bytes, then ${many}`);
}

/** How many bytes of text the rows have from which a view is made. */
async function bytesOf(view: string, size: number, init?: RequestInit): Promise<number> {
  const { schema, traceId, id } = filled.get(size)!;
  const client = pg(database.url, { max: 2, onnotice: () => {} });
  let bytes = 0;
  const count = (rows: readonly Row[]) => {
    for (const row of rows) {
      for (const value of Object.values(row)) bytes += String(value ?? "").length;
    }
    return rows;
  };
  const counting: Sql = {
    unsafe: (text, values, options) => {
      const query = client.unsafe(text, values as never, options);
      return Object.assign(query.then((rows) => count(rows as unknown as readonly Row[])), {
        simple: () => query.simple(),
      });
    },
    end: () => client.end(),
  };
  const store = await postgres(counting, { schema, migrate: false });
  const app = jobRouter(new JobQueue({ store }), { publicAccess: "write", page: page() });
  try {
    bytes = 0;
    const response = await app.request(
      view.replace("{traceId}", traceId).replace("{id}", id),
      init,
    );
    assert.ok(response.status < 400, `${response.status}`);
    await response.body?.cancel();
    return bytes;
  } finally {
    await store.close();
    await client.end();
  }
}
