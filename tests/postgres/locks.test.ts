import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { JobQueue } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";

describe("a caller's transaction that stays open", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  let sql: pg.Sql;
  before(async () => {
    database = await openTestDatabase();
    sql = pg(database.url, { max: 2, onnotice: () => {} });
  });
  after(async () => {
    await sql.end();
    await database.drop();
  });

  const open = async (schema: string, url = database.url) =>
    new JobQueue<{ q: number }, Sql>({ store: await postgres(url, { schema }) });

  test("and locks a running job keeps no other lease from being extended", async () => {
    await using queue = await open("leases");
    const { store } = queue;
    const [a, b] = [await queue.enqueue("q", 1), await queue.enqueue("q", 2)];
    const claims = [{ queueName: "q", limit: 2, leaseMs: 500 }];
    const { claimed } = await store.settleAndClaim({ settlements: [], claims });
    const leases = claimed.map(({ id, leaseToken }) => ({ jobId: id, leaseToken }));
    await sql.begin(async (transaction) => {
      await transaction`select from leases.live where id = ${a.id} for share`;
      assert.deepEqual(await store.extend(leases, { leaseMs: 60_000 }), ["held", "held"]);
      await new Promise((resolve) => setTimeout(resolve, 600));
      const { expired } = await store.maintain({ retentionMs: 1e9, limit: 10 });
      assert.deepEqual(expired, [], "neither the locked one nor the extended one is swept");
    });
    assert.deepEqual((await queue.get(b.id))?.status, "running");
  });

  test("and locks a job that is due makes no worker ask without a pause", async () => {
    await using queue = await open("due");
    const { id } = await queue.enqueue("q", 1, { delayMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 60));
    const { settleAndClaim } = queue.store;
    let asked = 0;
    queue.store.settleAndClaim = (request) => {
      asked++;
      return settleAndClaim.call(queue.store, request);
    };
    const worker = queue.worker("q", () => {});
    await sql.begin(async (transaction) => {
      await queue.enqueue("q", 2, { transaction, dependsOn: [id] });
      await transaction`select from due.live where id = ${id} for share`;
      const run = worker.run();
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.ok(asked < 20, String(asked));
      await worker.stop();
      await run;
    });
    assert.equal((await worker.tick()).completed, 2);
  });

  test("finds a job by its own time", async () => {
    await using queue = await open("times");
    for (let n = 0; n < 20; n++) {
      const { id, createdAt } = await queue.enqueue("q", n);
      const { jobs } = await queue.find({ createdFrom: createdAt });
      assert.ok(jobs.some((job) => job.id === id));
    }
  });
});
