import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { describe, test } from "node:test";
import postgres, { type Sql } from "postgres";
import { startProgram } from "../sqlite/workers/start_program.ts";
import { until } from "../until.ts";
import { openTestDatabase } from "./database.ts";
import { startServer } from "./server.ts";
import { whyNoServer } from "./server_programs.ts";

const timeout = 60_000;

describe("the PostgreSQL of the tests", { skip: whyNoServer() }, () => {
  test("keeps its port and its data over a stop and over a crash", { timeout }, async (t) => {
    const startedAt = performance.now();
    await using server = await startServer();
    t.diagnostic(`up after ${Math.round(performance.now() - startedAt)} ms`);
    await withClient(server.url, (sql) => sql`create table notes (text text)`);
    for (const mode of ["fast", "immediate"] as const) {
      await withClient(server.url, (sql) => sql`insert into notes values (${mode})`);
      await server.stop(mode);
      await assert.rejects(withClient(server.url, (sql) => sql`select 1`), {
        code: "ECONNREFUSED",
      });
      await server.start();
    }
    const notes = await withClient(server.url, (sql) => sql`select text from notes`);
    assert.deepEqual(notes.map(({ text }) => text), ["fast", "immediate"]);
  });

  test("gives each test a database of its own", { timeout }, async () => {
    await using server = await startServer();
    const [one, other] = [await openTestDatabase(server.url), await openTestDatabase(server.url)];
    await withClient(one.url, (sql) => sql`create table notes (text text)`);
    await assert.rejects(withClient(other.url, (sql) => sql`select * from notes`), {
      code: "42P01",
    });
    await other.drop();
    await assert.rejects(withClient(other.url, (sql) => sql`select 1`), { code: "3D000" });
    await one.drop();
  });

  for (const end of ["exit", "throw", "wait"] as const) {
    const how = { exit: "leaves", throw: "dies of an error", wait: "is killed" }[end];
    test(`ends with a process that ${how}, and takes its folder along`, { timeout }, async () => {
      const path = new URL("./programs/hold_server.ts", import.meta.url).href;
      await using holder = startProgram(path, { end });
      const url = await holder.said("url");
      const [row] = await withClient(url, (sql) => sql`show data_directory`);
      const data: string = row?.data_directory;
      assert.ok(existsSync(data));
      holder.signal(end === "wait" ? "SIGKILL" : "SIGTERM");
      await until("its folder is gone", 10_000, () => !existsSync(dirname(data)));
      await assert.rejects(withClient(url, (sql) => sql`select 1`), { code: "ECONNREFUSED" });
    });
  }
});

async function withClient<T>(url: string, query: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, backoff: false });
  try {
    return await query(sql);
  } finally {
    await sql.end();
  }
}
