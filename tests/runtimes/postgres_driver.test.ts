import assert from "node:assert/strict";
import { describe, test } from "node:test";
import postgres, { type Sql } from "postgres";
import { openTestDatabase, whyNoDatabase } from "../postgres/database.ts";

describe("postgres.js", { skip: whyNoDatabase }, () => {
  withClient("answers", async (sql) => {
    assert.deepEqual([...await sql`select 1 as one`], [{ one: 1 }]);
  });

  withClient("sends parameters apart from the statement", async (sql) => {
    const quoted = `Robert'); drop table "students"; --`;
    const rows = await sql.unsafe("select $1::text as text, $2::int as number", [quoted, 2]);
    assert.deepEqual([...rows], [{ text: quoted, number: 2 }]);
  });

  withClient("sends many rows as one text of JSON", async (sql) => {
    const sent = [{ id: "a", payload: { umlaut: "ä", n: 1.5 } }, { id: "b", payload: null }];
    const rows = await sql.unsafe(
      `select row->>'id' as id, (row->'payload')::text as payload
      from jsonb_array_elements($1::text::jsonb) as row`,
      [JSON.stringify(sent)],
    );
    assert.deepEqual(rows.map(({ id }) => id), ["a", "b"]);
    assert.deepEqual(rows.map(({ payload }) => JSON.parse(payload)), sent.map((s) => s.payload));
  });

  withClient("gives a big number as text", async (sql) => {
    const [row] = await sql`select 9007199254740993 as big`;
    assert.deepEqual(row, { big: "9007199254740993" });
  });

  withClient("tells a broken constraint by its code, and goes on", async (sql) => {
    await sql.unsafe("create table keys (key text primary key)");
    const insert = () => sql.unsafe("insert into keys values ($1)", ["same"]);
    await insert();
    await assert.rejects(insert(), { code: "23505", constraint_name: "keys_pkey" });
    assert.equal((await sql`select * from keys`).length, 1);
  });

  withClient("keeps or drops what a transaction did as a whole", async (sql) => {
    await sql.unsafe("create table notes (text text)");
    await sql.begin((tx) => tx`insert into notes values ('kept')`);
    const dropped = sql.begin(async (tx) => {
      await tx`insert into notes values ('dropped')`;
      throw new Error("no");
    });
    await assert.rejects(dropped, { message: "no" });
    assert.deepEqual([...await sql`select text from notes`], [{ text: "kept" }]);
  });

  withClient("listens and is notified", async (sql) => {
    let told: (payload: string) => void;
    const notified = new Promise<string>((resolve) => told = resolve);
    const { unlisten } = await sql.listen("bell", (payload) => told(payload));
    await sql.notify("bell", "orders");
    assert.equal(await notified, "orders");
    await unlisten();
  });
});

// workerd lets no connection outlive the request that opened it, so each test has its own client.
function withClient(sentence: string, body: (sql: Sql) => Promise<void>): void {
  test(sentence, async () => {
    await using database = await openTestDatabase();
    const sql = postgres(database.url, { max: 2, onnotice: () => {} });
    try {
      await body(sql);
    } finally {
      await sql.end({ timeout: 1 });
    }
  });
}
