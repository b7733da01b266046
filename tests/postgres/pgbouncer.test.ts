import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import client from "postgres";
import { describeStore } from "../conformance/suite.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { type EmptiedStores, emptiedStores } from "./emptied_stores.ts";
import { type Pgbouncer, startPgbouncer, whyNoPgbouncer } from "./pgbouncer.ts";

const skip = whyNoDatabase || whyNoPgbouncer();
const timeout = 60_000;

describe("behind pgbouncer in transaction mode, with a pool of two,", { skip }, () => {
  let database: TestDatabase;
  let pgbouncer: Pgbouncer;
  let stores: EmptiedStores;
  before(async () => {
    database = await openTestDatabase();
    pgbouncer = await startPgbouncer(database.url);
    stores = emptiedStores(pgbouncer.url, { prepare: false });
  }, { timeout });
  after(async () => {
    await stores.end();
    await pgbouncer[Symbol.asyncDispose]();
    await database.drop();
  }, { timeout });

  test("ten connections are two to the server", { timeout }, async () => {
    const sql = client(pgbouncer.url, { max: 10, prepare: false, fetch_types: false });
    const asked = Array.from({ length: 10 }, () => sql`select pg_backend_pid(), pg_sleep(0.05)`);
    const pids = (await Promise.all(asked)).map(([row]) => row?.pg_backend_pid);
    await sql.end();
    assert.equal(new Set(pids).size, 2);
  });

  describeStore("the Postgres store", (options) => stores.open(options), { chainLength: 500 });
});
