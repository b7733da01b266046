import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client, { type Sql } from "postgres";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { allCompleted } from "./completed.ts";
import { openTestDatabase, type TestDatabase } from "./database.ts";
import { audit, enqueueUntil } from "./enqueue_ledger.ts";
import { type Server, startServer } from "./server.ts";
import { whyNoServer } from "./server_programs.ts";
import { workforce } from "./workforce.ts";

const timeout = 60_000;
const unavailable = "StoreUnavailableError";

describe("a server that refuses for a while", { skip: whyNoServer() }, () => {
  let server: Server;
  let database: TestDatabase;
  let sql: Sql;
  before(async () => {
    server = await startServer();
    database = await openTestDatabase(server.url);
    // An administrator who can write whatever the server's default is.
    const connection = { default_transaction_read_only: false };
    sql = client(database.url, { max: 1, backoff: false, connection });
  }, { timeout });
  after(async () => {
    await sql.end();
    await server[Symbol.asyncDispose]();
  }, { timeout });

  test("takes only reads: enqueues say so, and all goes on by itself", { timeout }, async (t) => {
    const { url } = database;
    await using queue = new JobQueue({ store: await postgres(url) });
    const limits = { leaseMs: 2_000, handlerMs: 20 };
    await using workers = workforce({ url, queueNames: ["orders"], ...limits });
    await workers.start(2);
    const enough = new AbortController();
    const enqueuing = enqueueUntil(enough.signal, queue, "orders");
    await setTimeout(1_000);
    await setReadOnly(sql, true);
    await setTimeout(1_500);
    await assert.rejects(queue.enqueue("orders", {}), { name: unavailable, message: /only reads/ });
    assert.ok((await queue.find({ limit: 1 })).jobs.length > 0, "Reading goes on");
    const backAt = Date.now();
    await setReadOnly(sql, false);
    await setTimeout(1_500);
    enough.abort();
    const ledger = await enqueuing;
    const { errors, storedUnknown } = await audit(queue, ledger);
    const stored = ledger.stored.length + storedUnknown.length;
    await allCompleted(queue, stored, 30_000);
    await workers.stop();

    const startsAfter = workers.notes("start").map(({ at }) => at).filter((at) => at > backAt);
    t.diagnostic(
      `${ledger.stored.length} jobs stored, ${ledger.refused.length} calls refused: ` +
        JSON.stringify(Object.fromEntries(errors)),
    );
    t.diagnostic(
      `${stored} jobs completed; at work again ${Math.min(...startsAfter) - backAt} ms after`,
    );
    assert.ok([...errors.keys()].some((message) => /only reads/.test(message)));
  });

  test("gives up what waits too long: enqueues say so, and go on", { timeout }, async () => {
    const schema = "patience";
    await sql.unsafe(`alter database ${await nameOf(sql)} set statement_timeout = '300ms'`);
    await using queue = new JobQueue({ store: await postgres(database.url, { schema }) });
    const { id } = await queue.enqueue("orders", {});
    const worker = queue.worker("orders", () => "done", { onError: () => {} });
    await sql.begin(async (tx) => {
      await tx.unsafe(`lock table ${schema}.enqueued in access exclusive mode`);
      const late = { name: "StoreTimeoutError", message: /time limit/ };
      await assert.rejects(queue.enqueue("orders", {}), late);
      await assert.rejects(queue.get(id), late);
      await assert.rejects(worker.tick(), late);
    });
    await queue.enqueue("orders", {});
    assert.equal((await worker.tick()).completed, 2);
    assert.equal((await queue.get(id))?.result, "done");
  });
});

async function setReadOnly(sql: Sql, isReadOnly: boolean): Promise<void> {
  await sql.unsafe(`alter system set default_transaction_read_only = ${isReadOnly ? "on" : "off"}`);
  await sql`select pg_reload_conf()`;
  // Sessions take it over with their next transaction; after a fail-over they would be new ones.
  await sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`;
}

async function nameOf(sql: Sql): Promise<string> {
  const [row] = await sql`select current_database() as name`;
  return row?.name;
}
