import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { JobQueue } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { startProgram } from "../sqlite/workers/start_program.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { freePort } from "./free_port.ts";
import type { OpenStore } from "./programs/open_store.ts";
import { startServer } from "./server.ts";
import { whyNoServer } from "./server_programs.ts";

const timeout = 60_000;
const unavailable = "StoreUnavailableError";

describe("opening a Postgres store", { skip: whyNoDatabase }, () => {
  test("says in time that no server is there", { timeout }, async () => {
    const url = `postgres://postgres@127.0.0.1:${await freePort()}/postgres`;
    const startedAt = performance.now();
    await assert.rejects(postgres(url, { connectTimeoutMs: 1_000 }), {
      name: unavailable,
      message: /^Postgres was not reached within 1000 ms: .*ECONNREFUSED/,
    });
    assert.ok(performance.now() - startedAt < 2_000);
  });

  test("says in time that a server does not answer", { timeout }, async () => {
    const silent = createServer(() => {}).listen(0, "127.0.0.1");
    await once(silent, "listening");
    const { port } = silent.address() as AddressInfo;
    const startedAt = performance.now();
    try {
      await assert.rejects(
        postgres(`postgres://postgres@127.0.0.1:${port}/postgres`, { connectTimeoutMs: 1_000 }),
        { name: unavailable, message: /^Postgres was not reached within 1000 ms/ },
      );
      assert.ok(performance.now() - startedAt < 2_500);
    } finally {
      silent.close();
    }
  });

  test(
    "says at once that a database is not there, also when it would wait for a server",
    { timeout },
    async () => {
      await using database = await openTestDatabase();
      await database.drop();
      await assert.rejects(postgres(database.url, { waitForServer: true }), { message: /test_/ });
    },
  );

  test("waits for a server when asked to", { timeout, skip: whyNoServer() }, async () => {
    await using server = await startServer();
    await server.stop("fast");
    const opening = postgres(server.url, { waitForServer: true, connectTimeoutMs: 200 });
    await setTimeout(2_000);
    await server.start();
    const startedAt = performance.now();
    await using queue = new JobQueue({ store: await opening });
    await queue.enqueue("orders", {});
    assert.ok(performance.now() - startedAt < 5_000, "It must not have fallen asleep");
  });

  test("ten processes at once make one schema", { timeout }, async (t) => {
    await using database = await openTestDatabase();
    await using programs = new AsyncDisposableStack();
    const path = new URL("./programs/open_store.ts", import.meta.url).href;
    const argument = { url: database.url } satisfies OpenStore;
    const all = Array.from({ length: 10 }, () => programs.use(startProgram(path, argument)));
    await Promise.all(all.map(({ said }) => said("ready")));
    const begunAt = performance.now();
    for (const { signal } of all) signal("SIGTERM");
    const stored = await Promise.all(all.map(({ said }) => said("stored")));
    await Promise.all(all.map(({ ended }) => ended()));
    t.diagnostic(`all ten were done after ${Math.round(performance.now() - begunAt)} ms`);
    await using queue = new JobQueue({ store: await postgres(database.url) });
    const { jobs } = await queue.find();
    assert.deepEqual(jobs.map(({ id }) => id).sort(), stored.sort());
  });

  test("refuses what a newer version wrote, unless that may be shared", { timeout }, async () => {
    await using database = await openTestDatabase();
    await (await postgres(database.url)).close();
    const sql = client(database.url, { max: 1 });
    try {
      await sql`insert into hammerwork.migrations (version, requires) values (1000, 1)`;
      await (await postgres(database.url)).close();
      await sql`update hammerwork.migrations set requires = 1000 where version = 1000`;
      const refused = { name: "RangeError", message: /version 1000.*Update hammerwork/ };
      await assert.rejects(postgres(database.url), refused);
      await assert.rejects(postgres(database.url, { migrate: false }), refused);
    } finally {
      await sql.end();
    }
  });

  test("refuses a database whose encoding is not UTF-8", { timeout }, async () => {
    const latin = "encoding 'LATIN1' locale_provider libc locale 'C' template template0";
    await using database = await openTestDatabase(undefined, latin);
    await assert.rejects(postgres(database.url), {
      name: "RangeError",
      message: /^The Postgres database must have the encoding UTF8: got LATIN1\. Make one with: /,
    });
  });

  test("without migrating refuses a database that has no schema", { timeout }, async () => {
    await using database = await openTestDatabase();
    await assert.rejects(postgres(database.url, { migrate: false }), {
      name: "RangeError",
      message: /must have version \d+: got none/,
    });
  });
});
