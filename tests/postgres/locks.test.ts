import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { job, JobQueue } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { until } from "../until.ts";
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

  test("and adds to running jobs keeps none of their claim from being held or settled", {
    timeout: 30_000,
  }, async () => {
    await using queue = await open("leases");
    const { store } = queue;
    await queue.enqueue([1, 2, 3].map((n) => job("q", n)));
    const claims = [{ queueName: "q", limit: 3, leaseMs: 500 }];
    const { claimed } = await store.settleAndClaim({ settlements: [], claims });
    const leases = claimed.map(({ id, leaseToken }) => ({ jobId: id, leaseToken }));
    const [a, b] = leases;
    const added = await sql.begin(async (transaction) => {
      const { id } = await queue.enqueue("q", 4, { transaction, dependsOn: [a!.jobId] });
      await queue.enqueue("q", 5, { transaction, parent: claimed[0]! });
      await queue.enqueue("q", 6, { transaction, dependsOn: [b!.jobId], parent: claimed[1]! });
      assert.deepEqual(await store.extend(leases, { leaseMs: 60_000 }), ["held", "held", "held"]);
      await new Promise((resolve) => setTimeout(resolve, 600));
      const { expired } = await store.maintain({ retentionMs: 1e9, limit: 10 });
      assert.deepEqual(expired, [], "an extended one is not swept");
      const completed = { status: "completed", outcome: "completed" } as const;
      const settlements = [a!, b!].map((lease) => ({ ...lease, runMs: 1, change: completed }));
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, ["held", "held"]);
      assert.equal((await queue.get(claimed[2]!.id))?.status, "running");
      return id;
    });
    // Their dependencies ended before they could be seen.
    await until("the dependents are free", 10_000, async () => {
      await store.settleAndClaim({ settlements: [], claims: [] });
      await store.maintain({ retentionMs: 1e9, limit: 10 });
      return (await queue.find({ status: "blocked" })).jobs.length === 0;
    });
    assert.equal((await queue.get(added))?.status, "ready");
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
      await transaction`select from due.waiting w join due.enqueued e using (sequence)
        where e.id = ${id} for share of w`;
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
