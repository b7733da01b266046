import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import pg from "postgres";
import { postgres } from "../../src/store/postgres.ts";
import { jobInput } from "../conformance/inputs.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";

const timeout = 60_000;

describe("a table that jobs only pass through", { skip: whyNoDatabase }, () => {
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

  const maintenance = { retentionMs: 1e9, limit: 100 };

  /** A store whose `ready` has had very many jobs, and holds none. */
  async function emptied(schema: string) {
    const store = await postgres(database.url, { schema });
    await sql.unsafe(`alter table ${schema}.ready set (autovacuum_enabled = off)`);
    await sql.unsafe(
      `insert into ${schema}.ready (sequence, run_at, rank, queue_name) ` +
        "select -n, now(), 0, 'past' from generate_series(1, 150000) n",
    );
    await sql.unsafe(`delete from ${schema}.ready`);
    return store;
  }

  const bytes = async (schema: string): Promise<number> => {
    const [row] = await sql`select pg_total_relation_size(${`${schema}.ready`})::float8 as bytes`;
    return row!.bytes as number;
  };

  test("gives its room back when it is empty, also while an older transaction is open", {
    timeout,
  }, async (t) => {
    const store = await emptied("given_back");
    const large = await bytes("given_back");
    await sql.begin(async (transaction) => {
      await transaction`select pg_current_xact_id()`;
      await store.maintain(maintenance);
    });
    const small = await bytes("given_back");
    t.diagnostic(`${large} bytes, then ${small}`);
    assert.ok(large > 16 * 1024 * 1024 && small < 100_000);
    await store.close();
  });

  test("keeps its jobs when it is not", { timeout }, async () => {
    const store = await emptied("kept");
    await store.add([jobInput({ queueName: "orders" })]);
    await store.maintain(maintenance);
    assert.ok(await bytes("kept") > 16 * 1024 * 1024);
    const claims = [{ queueName: "orders", limit: 1, leaseMs: 60_000 }];
    assert.equal((await store.settleAndClaim({ settlements: [], claims })).claimed.length, 1);
    await store.close();
  });

  test("is not waited for while a transaction that has read it, or has enqueued, is open", {
    timeout,
  }, async () => {
    await (await emptied("in_use")).close();
    for (const use of ["select from in_use.jobs limit 1", "select in_use.enqueue('later', '1')"]) {
      // What a store has done lately it does not do again.
      const store = await postgres(database.url, { schema: "in_use" });
      await sql.begin(async (transaction) => {
        await transaction.unsafe(use);
        await store.maintain(maintenance);
        assert.ok(await bytes("in_use") > 16 * 1024 * 1024, use);
      });
      await store.close();
    }
    const store = await postgres(database.url, { schema: "in_use" });
    const { jobs } = await store.find({ queueNames: ["later"], limit: 10 });
    assert.equal(jobs.length, 1);
    await store.close();
  });
});
