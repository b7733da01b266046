import assert from "node:assert/strict";
import {
  cpSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { type Store, StoreUnavailableError } from "../../mod.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import {
  completed,
  defaultQueue,
  jobInput,
  leaseOf,
  reason,
  settlement,
} from "../conformance/inputs.ts";
import { runWithFileLimit } from "./workers/run_with_file_limit.ts";
import { commandFor } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";
import { jobsFound } from "../conformance/answers.ts";

const claims = [{ queueName: defaultQueue, limit: 1, leaseMs: 60_000 }];

describe("a SQLite file that another has locked", () => {
  test("refuses every change in a sentence, and nothing of it happened", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    const store = await sqlite(path, { busyTimeoutMs: 20 });
    await store.add([jobInput(), jobInput()]);
    const { claimed: [job] } = await store.settleAndClaim({ settlements: [], claims });
    const before = await jobsFound(store, { limit: 10 });

    const other = lock(path);
    const settlements = [settlement(job!, completed)];
    const refused = (call: Promise<unknown>) => assert.rejects(call, isLockedSentence(path));
    await refused(store.add([jobInput()]));
    await refused(store.settleAndClaim({ settlements, claims }));
    await refused(store.settleAndClaim({ settlements: [], claims }));
    await refused(store.extend([leaseOf(job!)], { leaseMs: 1_000 }));
    await refused(store.cancel(job!.id, { error: reason }));
    assert.deepEqual(await jobsFound(store, { limit: 10 }), before);
    assert.equal((await store.get(job!.id))?.status, "running");
    assert.equal((await store.counts()).length, 2);
    unlock(other);

    assert.deepEqual(await jobsFound(store, { limit: 10 }), before);
    assert.deepEqual((await store.settleAndClaim({ settlements, claims })).settled, ["held"]);
    await store.close();
  });

  test("is waited for as long as it may be, while the event loop runs on", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    const store = await sqlite(path, { busyTimeoutMs: 4_000 });
    const other = lock(path);
    const adding = store.add([jobInput()]);
    // Another process would hold it; this one can let go only because it is not blocked.
    let longestMs = 0;
    for (let turn = 0, at = performance.now(); turn < 30; turn++) {
      await setTimeout(5);
      longestMs = Math.max(longestMs, performance.now() - at);
      at = performance.now();
    }
    unlock(other);
    assert.equal((await adding).length, 1);
    assert.ok(longestMs < 500, `The event loop must not stand still: it did for ${longestMs} ms`);
    await store.close();
  });

  test("cannot be made a store, but one that is a store already can be opened", async () => {
    using folder = temporaryFolder();
    const [fresh, known] = [join(folder.path, "fresh.db"), join(folder.path, "known.db")];
    const withFresh = lock(fresh);
    await assert.rejects(sqlite(fresh, { busyTimeoutMs: 20 }), isLockedSentence(fresh));
    unlock(withFresh);
    await (await sqlite(fresh, { busyTimeoutMs: 20 })).close();

    await withJob(known, async (store) => {
      const withKnown = lock(known);
      const second = await sqlite(known, { busyTimeoutMs: 20 });
      assert.equal((await second.counts()).length, 1);
      unlock(withKnown);
      await second.close();
      await store.counts();
    });
  });
});

describe("a path that is no store", () => {
  test("a database newer than the code is refused and left alone", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    await withJob(path);
    const database = new DatabaseSync(path);
    database.exec("insert into hammerwork_migrations (version) values (999)");
    database.close();
    const sentence = { name: "RangeError", message: /up to version \d+.*got version 999/ };
    await assert.rejects(sqlite(path), sentence);
    const after = new DatabaseSync(path);
    const count = after.prepare("select count(*) as jobs from hammerwork_jobs").get();
    assert.equal(count?.jobs, 1);
    after.close();
  });

  test("a file that is no database is refused and left alone", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "notes.txt");
    const text = "These are notes, and no database.\n".repeat(200);
    writeFileSync(path, text);
    await assert.rejects(sqlite(path), isSentenceAbout(path, /no SQLite database/));
    assert.equal(readFileSync(path, "utf8"), text);
  });

  test("a folder that is missing is named", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "missing", "jobs.db");
    await assert.rejects(sqlite(path), isSentenceAbout(path, /folder/));
  });

  test("a folder is no file", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "jobs.db");
    mkdirSync(path);
    await assert.rejects(sqlite(path), isSentenceAbout(path, /cannot be opened/));
  });
});

describe("a SQLite file that somebody takes away while it is open", () => {
  const ways: readonly [sentence: string, said: RegExp, take: (path: string) => void][] = [
    ["removed", /removed while it was open/, (path) => rmSync(path)],
    ["moved", /removed while it was open/, (path) => renameSync(path, `${path}.old`)],
    ["replaced by a copy", /replaced while it was open/, (path) => {
      cpSync(path, `${path}.copy`);
      renameSync(`${path}.copy`, path);
    }],
    ["robbed of its log", /jobs\.db-wal was removed/, (path) => rmSync(`${path}-wal`)],
  ];
  for (const [done, said, take] of ways) {
    test(`refuses every call once it was ${done}`, async () => {
      using folder = temporaryFolder();
      const path = join(folder.path, "jobs.db");
      const store = await sqlite(path);
      await store.add([jobInput()]);
      const { claimed: [job] } = await store.settleAndClaim({ settlements: [], claims });
      take(path);
      const settlements = [settlement(job!, completed)];
      const calls: readonly (() => Promise<unknown>)[] = [
        () => store.add([jobInput()]),
        () => store.settleAndClaim({ settlements, claims: [] }),
        () => store.settleAndClaim({ settlements: [], claims }),
        () => store.extend([leaseOf(job!)], { leaseMs: 1_000 }),
        () => store.cancel(job!.id, { error: reason }),
        () => store.retry(job!.id),
        () => store.get(job!.id),
        () => jobsFound(store, { limit: 10 }),
        () => store.counts(),
        () => store.maintain({ retentionMs: 0, limit: 10 }),
      ];
      for (const call of calls) {
        await assert.rejects(call, { name: "StoreUnavailableError", message: said });
      }
      await store.close();
    });
  }

  test("is known by its own name, whatever the folder and the link it was opened by", async () => {
    using folder = temporaryFolder();
    const [path, link] = [join(folder.path, "jobs.db"), join(folder.path, "link.db")];
    await withJob(path);
    symlinkSync(path, link);
    await withJob(link, async (store) => {
      rmSync(link);
      assert.equal((await jobsFound(store, { limit: 10 })).length, 2);
      rmSync(path);
      await assert.rejects(store.counts(), /removed while it was open/);
    });
  });
});

test("a caller's transaction is refused, and nothing is stored", async () => {
  const store = await sqlite(":memory:");
  const transaction = {} as never;
  await assert.rejects(store.add([jobInput()], { transaction }), {
    name: "TypeError",
    message: /^sqlite\(\) takes no transaction/,
  });
  assert.deepEqual(await store.counts(), []);
  await store.close();
});

describe("a full disk", () => {
  for (const callers of [1, 16]) {
    const sentence = `fails the enqueues of ${callers} at once with a clear error and harms no job`;
    test(sentence, { timeout: 30_000 }, async (t) => {
      using folder = temporaryFolder();
      const database = join(folder.path, "jobs.db");
      await withJob(database);
      const output = await runWithFileLimit(commandFor("fill.ts", { database, callers }));
      const stopped = /^stopped (.*)$/m.exec(output)?.[1];
      assert.ok(stopped, output);
      const { enqueued, name, message } = JSON.parse(stopped);
      t.diagnostic(`after ${enqueued} jobs: ${message}`);
      assert.equal(name, "StoreUnavailableError");
      assert.match(message, /full/);
      assert.ok(message.includes(database));
      assert.ok(enqueued > 0);

      const store = await sqlite(database);
      assert.equal((await jobsFound(store, { limit: 10_000 })).length, enqueued + 1);
      await store.add([jobInput()]);
      await store.close();
      const opened = new DatabaseSync(database);
      const { integrity_check } = opened.prepare("pragma integrity_check").get()!;
      assert.equal(integrity_check, "ok");
      opened.close();
    });
  }
});

function lock(path: string): DatabaseSync {
  const database = new DatabaseSync(path);
  database.exec("begin immediate");
  return database;
}

function unlock(database: DatabaseSync): void {
  database.exec("rollback");
  database.close();
}

async function withJob(
  path: string,
  body: (store: Store) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const store = await sqlite(path);
  await store.add([jobInput()]);
  await body(store);
  await store.close();
}

function isLockedSentence(path: string): (error: unknown) => true {
  return isSentenceAbout(path, /locked/);
}

function isSentenceAbout(path: string, said: RegExp): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof StoreUnavailableError, String(error));
    assert.match(error.message, said);
    assert.ok(error.message.includes(path), error.message);
    assert.ok(error.cause instanceof Error);
    return true;
  };
}
