import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { sqlite, sqliteMigrations } from "../../src/store/sqlite.ts";
import { completed, defaultQueue, jobInput, retrying, settlement } from "../conformance/inputs.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";
import { attemptsOf, jobsFound } from "../conformance/answers.ts";

const claims = [{ queueName: defaultQueue, limit: 1, leaseMs: 60_000 }];

describe("a SQLite file", () => {
  test("with migrate: false is neither made nor changed", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    await assert.rejects(sqlite(path, { migrate: false }), {
      name: "StoreUnavailableError",
      message: `The SQLite file ${path} is not there`,
    });
    assert.equal(existsSync(path), false);
    const foreign = new DatabaseSync(path);
    foreign.exec("create table other (id integer)");
    foreign.close();
    const before = readFileSync(path);
    await assert.rejects(sqlite(path, { migrate: false }), {
      name: "RangeError",
      message: "The SQLite file must have a schema of version 1: got none. " +
        "Open the store with migrate: true once, or apply sqliteMigrations()",
    });
    assert.deepEqual(readFileSync(path), before);
    await (await sqlite(path)).close();
    const store = await sqlite(path, { migrate: false });
    assert.equal((await store.add([jobInput()]))[0]!.deduplicated, false);
    await store.close();
  });

  test("has all of its jobs, attempts and leases when it is opened again", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    const first = await sqlite(path);
    await first.add([jobInput({ priority: 2, idempotencyKey: "order 1" })]);
    const { claimed: [failing] } = await first.settleAndClaim({ settlements: [], claims });
    await first.settleAndClaim({ settlements: [settlement(failing!, retrying)], claims: [] });
    const running = jobInput({ priority: 1 });
    await first.add([running, jobInput({ dependsOn: [running.id] }), jobInput({ delayMs: 1e9 })]);
    const { claimed: [leased] } = await first.settleAndClaim({ settlements: [], claims });
    const [jobs, attempts] = [
      await jobsFound(first, { limit: 10 }),
      await attemptsOf(first, failing!.id),
    ];
    await first.close();

    const again = await sqlite(path);
    assert.deepEqual(await jobsFound(again, { limit: 10 }), jobs);
    assert.deepEqual(await attemptsOf(again, failing!.id), attempts);
    const [known] = await again.add([jobInput({ idempotencyKey: "order 1" })]);
    assert.equal(known?.job.id, failing!.id);
    const settlements = [settlement(leased!, completed)];
    const { settled, claimed } = await again.settleAndClaim({ settlements, claims });
    assert.deepEqual(settled, ["held"]);
    assert.deepEqual(claimed[0]?.dependsOn, [running.id]);
    await again.close();
  });

  test("is brought to the newest schema once, however often it is opened", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    await (await sqlite(path)).close();
    const schema = schemaOf(path);
    assert.ok(schema.length > 0);
    for (let i = 0; i < 3; i++) await (await sqlite(path)).close();
    assert.deepEqual(schemaOf(path), schema);
  });

  test("gets the same schema from the printed SQL", async () => {
    using folder = temporaryFolder();
    const [byHand, opened] = [join(folder.path, "by hand.db"), join(folder.path, "opened.db")];
    const database = new DatabaseSync(byHand);
    database.exec(sqliteMigrations());
    database.close();
    const store = await sqlite(byHand);
    await store.add([jobInput()]);
    assert.equal((await store.settleAndClaim({ settlements: [], claims })).claimed.length, 1);
    await store.close();
    await (await sqlite(opened)).close();
    assert.deepEqual(schemaOf(byHand), schemaOf(opened));
    assert.deepEqual(versionsOf(byHand), versionsOf(opened));
  });

  test("can be opened as new by many at once, who then share it", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    const stores = await Promise.all(Array.from({ length: 8 }, () => sqlite(path)));
    await Promise.all(stores.map((store) => store.add([jobInput(), jobInput()])));
    const turns = await Promise.all(
      stores.map((store) =>
        store.settleAndClaim({ settlements: [], claims: [{ ...claims[0]!, limit: 10 }] })
      ),
    );
    assert.equal(new Set(turns.flatMap(({ claimed }) => claimed.map(({ id }) => id))).size, 16);
    assert.equal(turns.flatMap(({ claimed }) => claimed).length, 16);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("can be an application's own", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "app.db");
    const app = new DatabaseSync(path);
    app.exec("create table jobs (id integer primary key, status text); pragma user_version = 7");
    app.exec("insert into jobs (status) values ('hired')");
    const store = await sqlite(path);
    await store.add([jobInput()]);
    await store.settleAndClaim({ settlements: [], claims });
    app.exec("insert into jobs (status) values ('fired')");
    const statuses = app.prepare("select status from jobs order by id").all();
    assert.deepEqual(statuses.map((row) => row.status), ["hired", "fired"]);
    assert.equal(app.prepare("pragma user_version").get()?.user_version, 7);
    const names = schemaOf(path).map(({ name }) => name).filter((name) => name !== "jobs");
    for (const name of names) assert.match(name, /^(hammerwork|sqlite)_/);
    await store.close();
    app.close();
  });

  test("needs no file: a store in memory is empty and its own", async () => {
    const [first, second] = [await sqlite(":memory:"), await sqlite(":memory:")];
    await first.add([jobInput()]);
    assert.deepEqual(await second.counts(), []);
    assert.equal((await first.counts()).length, 1);
    await Promise.all([first.close(), second.close()]);
  });
});

interface SchemaEntry {
  readonly type: string;
  readonly name: string;
  readonly sql: string | null;
}

function schemaOf(path: string): readonly SchemaEntry[] {
  const sql = "select type, name, sql from sqlite_schema order by type, name";
  return read(path, sql) as unknown as readonly SchemaEntry[];
}

function versionsOf(path: string): readonly unknown[] {
  return read(path, "select version from hammerwork_migrations order by version");
}

function read(path: string, sql: string): readonly unknown[] {
  const database = new DatabaseSync(path);
  try {
    return database.prepare(sql).all().map((row) => ({ ...row as object }));
  } finally {
    database.close();
  }
}
