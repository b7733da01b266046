import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { JobQueue, type Store } from "../../mod.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { jobsFound } from "../conformance/answers.ts";
import {
  completed,
  defaultQueue,
  jobInput,
  leaseOf,
  reason,
  settlement,
} from "../conformance/inputs.ts";
import { until } from "../until.ts";
import { startProgram } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

const claims = [{ queueName: defaultQueue, limit: 100, leaseMs: 60_000 }];

describe("calls at the same moment on a SQLite file", () => {
  test("share a commit, however many callers there are", async () => {
    using file = await openFile();
    await using queue = new JobQueue({ store: file.store });
    for (const callers of [16, 128]) {
      const before = commitsIn(file.path);
      await Promise.all(Array.from({ length: callers }, (_, i) => queue.enqueue("orders", i)));
      // One, but for a machine that is so busy that it takes too long.
      const commits = commitsIn(file.path) - before;
      assert.ok(commits <= callers / 8, `${commits}`);
    }
  });

  test("each go on with their next call in the next commit", async () => {
    using file = await openFile();
    await using queue = new JobQueue({ store: file.store });
    const rounds = 20;
    await Promise.all(Array.from({ length: 16 }, async () => {
      for (let i = 0; i < rounds; i++) await queue.enqueue("orders", i);
    }));
    assert.equal((await jobsFound(file.store, { limit: 1_000 })).length, 16 * rounds);
    const commits = commitsIn(file.path);
    assert.ok(commits <= 4 * rounds, `${commits}`);
  });

  test("that come with what a server receives share one too, after a while", async () => {
    using file = await openFile();
    const { store } = file;
    const receive = () =>
      new Promise<void>((resolve, reject) => {
        // Each in a step of the event loop of its own, as requests are.
        setImmediate(() => store.add([jobInput()]).then(() => resolve(), reject));
      });
    for (let round = 0; round < 10; round++) {
      await Promise.all(Array.from({ length: 32 }, receive));
    }
    const database = new DatabaseSync(file.path);
    database.exec("pragma wal_checkpoint(truncate)");
    database.close();
    await Promise.all(Array.from({ length: 32 }, receive));
    assert.ok(commitsIn(file.path) <= 8);
    await store.close();
  });

  test("are done in their order, whatever they do", async () => {
    using file = await openFile();
    const { store } = file;
    const [first, second, third] = [jobInput(), jobInput(), jobInput()];
    await store.add([first]);
    const { claimed: [running] } = await store.settleAndClaim({ settlements: [], claims });
    const before = commitsIn(file.path);
    const [added, dependent, cancelled, extended, turn, refound, again] = await Promise.all([
      store.add([second]),
      store.add([{ ...third, dependsOn: [second.id] }]),
      store.cancel(second.id, { error: reason }),
      store.extend([leaseOf(running!)], { leaseMs: 60_000 }),
      store.settleAndClaim({ settlements: [settlement(running!, completed)], claims }),
      store.add([second]),
      store.retry(second.id),
    ]);
    assert.ok(commitsIn(file.path) - before <= 3);
    assert.deepEqual(added.map(({ deduplicated }) => deduplicated), [false]);
    assert.equal(dependent[0]?.job.status, "blocked");
    assert.equal(cancelled?.job.status, "cancelled");
    assert.deepEqual(extended, ["held"]);
    assert.deepEqual([turn.settled, turn.claimed], [["held"], []]);
    assert.deepEqual([refound[0]?.deduplicated, refound[0]?.job.status], [true, "cancelled"]);
    assert.equal(again?.job.status, "ready");
    assert.equal((await store.get(third.id))?.status, "blocked");
    await store.close();
  });

  test("tell workers of what became ready once it is committed", async () => {
    using file = await openFile();
    const { store } = file;
    const found: Promise<number>[] = [];
    store.onNotice!((notice) => {
      if (notice.type !== "ready") return;
      found.push(
        store.settleAndClaim({ settlements: [], claims }).then((one) => one.claimed.length),
      );
    });
    await Promise.all([store.add([jobInput()]), store.add([jobInput()])]);
    const counts = await Promise.all(found);
    assert.equal(counts.reduce((a, b) => a + b), 2);
    await store.close();
  });
});

describe("of calls at the same moment on a SQLite file", () => {
  test("those that are refused are refused alone", async () => {
    using file = await openFile();
    const { store } = file;
    const taken = jobInput();
    await store.add([taken]);
    const good = Array.from({ length: 4 }, () => jobInput());
    const unknown = jobInput();
    const calls = [
      [good[0]!],
      [jobInput(), jobInput({ dependsOn: [unknown.id] })],
      [{ ...good[1]!, dependsOn: [good[0]!.id] }],
      [{ ...taken, payload: '"another"' }],
      [good[2]!],
      [jobInput({ payload: null as never })],
      [good[3]!],
    ];
    const results = await Promise.allSettled(calls.map((inputs) => store.add(inputs)));
    assert.deepEqual(
      results.map((one) => one.status === "fulfilled" ? "stored" : one.reason.constructor.name),
      ["stored", "UnknownJobError", "stored", "JobIdTakenError", "stored", "Error", "stored"],
    );
    const stored = (await jobsFound(store, { limit: 100 })).map(({ id }) => id).reverse();
    assert.deepEqual(stored, [taken.id, ...good.map(({ id }) => id)]);
    await store.close();
  });

  for (const what of ["abort", "rollback"]) {
    test(`one whose row the file refuses by ${what} fails alone`, async () => {
      using file = await openFile();
      const { store } = file;
      const database = new DatabaseSync(file.path);
      database.exec(
        "create trigger refused before insert on hammerwork_jobs when new.payload = '\"bad\"' " +
          `begin select raise(${what}, 'not this one'); end`,
      );
      const inputs = Array.from(
        { length: 9 },
        (_, i) => jobInput({ payload: i % 4 === 2 ? '"bad"' : "{}" }),
      );
      const results = await Promise.allSettled(inputs.map((input) => store.add([input])));
      results.forEach((result, i) => {
        if (i % 4 !== 2) assert.equal(result.status, "fulfilled");
        else assert.match(String((result as PromiseRejectedResult).reason), /not this one/);
      });
      const stored = (await jobsFound(store, { limit: 100 })).map(({ id }) => id).reverse();
      assert.deepEqual(stored, inputs.filter((_, i) => i % 4 !== 2).map(({ id }) => id));
      database.close();
      await store.close();
    });
  }

  test("those that find the file locked wait no longer than they may", async () => {
    using file = await openFile({ busyTimeoutMs: 60 });
    const { store } = file;
    const other = new DatabaseSync(file.path);
    other.exec("begin immediate");
    const first = Array.from(
      { length: 3 },
      () => assert.rejects(store.add([jobInput()]), /locked/),
    );
    await first[0];
    // Called later, it may wait for longer than the first ones.
    const late = store.add([jobInput()]);
    other.exec("rollback");
    other.close();
    await Promise.all(first);
    assert.equal((await late).length, 1);
    assert.equal((await jobsFound(store, { limit: 10 })).length, 1);
    await store.close();
  });
});

describe("closing a SQLite file", () => {
  test("waits for the calls that are under way, and refuses later ones", async () => {
    using file = await openFile();
    const { store } = file;
    const calls = Array.from({ length: 20 }, () => store.add([jobInput()]));
    const closing = store.close();
    await assert.rejects(store.add([jobInput()]), /has been closed/);
    await assert.rejects(store.counts(), /has been closed/);
    await Promise.all([...calls, closing, store.close()]);
    const again = await sqlite(file.path);
    assert.equal((await jobsFound(again, { limit: 100 })).length, 20);
    await again.close();
  });

  test("waits for those that wait for another process's lock", async () => {
    using file = await openFile();
    const { store } = file;
    const other = new DatabaseSync(file.path);
    other.exec("begin immediate");
    const adding = store.add([jobInput()]);
    const closing = store.close();
    other.exec("rollback");
    other.close();
    assert.equal((await adding).length, 1);
    await closing;
  });
});

test("nothing that was answered is lost with a killed process", { timeout: 60_000 }, async (t) => {
  using folder = temporaryFolder();
  const [database, record] = [join(folder.path, "jobs.db"), join(folder.path, "answered")];
  for (let round = 1; round <= 3; round++) {
    await using program = startProgram("enqueue_at_once.ts", { database, record, callers: 16 });
    const before = idsIn(record).length;
    await until("it has answered some", 20_000, () => idsIn(record).length > before + 200 * round);
    program.signal("SIGKILL");
  }
  const answered = idsIn(record);
  const store = await sqlite(database);
  const { jobs } = await store.find({ limit: 1_000_000, include: [] });
  const stored = new Set(jobs.map(({ id }) => id));
  t.diagnostic(`${answered.length} were answered, ${stored.size} are stored`);
  assert.deepEqual(answered.filter((id) => !stored.has(id)), []);
  await store.close();
});

function idsIn(record: string): readonly string[] {
  return existsSync(record) ? readFileSync(record, "utf8").split("\n").slice(0, -1) : [];
}

interface OpenFile extends Disposable {
  readonly path: string;
  readonly store: Store;
}

async function openFile(options = {}): Promise<OpenFile> {
  const folder = temporaryFolder();
  const path = join(folder.path, "jobs.db");
  const store = await sqlite(path, options);
  return { path, store, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** How many transactions are in the file's log: the last frame of each says how large the file is. */
function commitsIn(path: string): number {
  const log = readFileSync(`${path}-wal`);
  const pageSize = log.readUInt32BE(8);
  let commits = 0;
  for (let at = 32; at + 24 + pageSize <= log.length; at += 24 + pageSize) {
    // Frames of an older run of the log have another salt.
    if (log.readUInt32BE(at + 8) !== log.readUInt32BE(16)) break;
    if (log.readUInt32BE(at + 4) > 0) commits++;
  }
  return commits;
}
