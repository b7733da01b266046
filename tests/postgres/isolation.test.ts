import assert from "node:assert/strict";
import { describe, test } from "node:test";
import client from "postgres";
import { job, JobQueue, StoreUnavailableError } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { startPgbouncer, whyNoPgbouncer } from "./pgbouncer.ts";
import { within } from "./within.ts";

const timeout = 60_000;
const levels = ["repeatable read", "serializable"] as const;

/** A database whose transactions are all at this level, unless told otherwise. */
async function databaseAt(level: string): Promise<TestDatabase> {
  const database = await openTestDatabase();
  const sql = client(database.url, { max: 1, onnotice: () => {} });
  const name = new URL(database.url).pathname.slice(1);
  await sql.unsafe(`alter database ${name} set default_transaction_isolation = '${level}'`);
  await sql.end();
  return database;
}

const refusal = {
  name: "RangeError",
  message: /^The transaction isolation of the connections must be read committed: got /,
};

describe("another isolation than read committed", { skip: whyNoDatabase }, () => {
  for (const level of levels) {
    test(`as a database's default (${level}): connections of its own have theirs`, {
      timeout,
    }, async () => {
      await using database = await databaseAt(level);
      await using queue = new JobQueue({ store: await postgres(database.url) });
      const first = job("q", 1);
      await queue.enqueue([first, job("q", 2, { dependsOn: [first] })]);
      assert.equal((await queue.worker("q", () => {}).tick()).completed, 2);
    });

    test(`of a caller's transaction (${level}): it enqueues, or learns that it must be repeated`, {
      timeout,
    }, async () => {
      await using database = await openTestDatabase();
      await using queue = new JobQueue<{ q: number }, Sql>({ store: await postgres(database.url) });
      const sql = client(database.url, { max: 2, onnotice: () => {} });
      const begin = `isolation level ${level}`;
      const key = { idempotencyKey: "taken" };
      const first = await queue.enqueue("q", 0);
      const stored = await sql.begin(begin, async (transaction) => {
        await queue.enqueue("q", 1, { transaction, dependsOn: [first.id] });
        return await queue.enqueue("q", 2, { transaction });
      });
      assert.equal((await queue.get(stored.id))?.status, "ready");
      const late = sql.begin(begin, async (transaction) => {
        await transaction`select 1`;
        await queue.enqueue("q", 3, key);
        await queue.enqueue("q", 4, { transaction, ...key });
      });
      await assert.rejects(within(10_000, late), (error: Error & { code?: unknown }) => {
        assert.ok(error instanceof StoreUnavailableError);
        assert.ok(!("code" in error));
        assert.match(error.message, /cannot be serialized.*: run the whole transaction again$/);
        return true;
      });
      await sql.end();
    });
  }

  test("is refused at the start of a client of the application's that has it", {
    timeout,
  }, async () => {
    await using database = await databaseAt("repeatable read");
    const sql = client(database.url, { max: 2, onnotice: () => {} });
    await assert.rejects(postgres(sql as unknown as Sql), refusal);
    await sql.end();
  });

  test("is refused behind a pooler that sets none, which is no hindrance otherwise", {
    timeout,
    skip: whyNoPgbouncer(),
  }, async () => {
    for (const level of ["read committed", "repeatable read"]) {
      await using database = await databaseAt(level);
      await using pgbouncer = await startPgbouncer(database.url);
      const opening = postgres(pgbouncer.url, { prepare: false });
      if (level !== "read committed") await assert.rejects(opening, refusal);
      else await (await opening).close();
    }
  });
});
