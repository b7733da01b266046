import assert from "node:assert/strict";
import fs from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { JobQueue, type Store } from "../../mod.ts";
import type { Notice } from "../../src/store.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { completed, defaultQueue, jobInput, reason, settlement } from "../conformance/inputs.ts";
import { until } from "../until.ts";
import { notesIn } from "./workers/run_record.ts";
import { startProgram } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";

const timeout = 30_000;
const claims = [{ queueName: defaultQueue, limit: 10, leaseMs: 60_000 }];

describe("processes on one SQLite file wake each other", { skip: !canWatch() }, () => {
  test("a worker starts a job of another process before it would ask", { timeout }, async () => {
    using folder = temporaryFolder();
    const [database, record] = [join(folder.path, "jobs.db"), join(folder.path, "record")];
    const work = { database, record, queueName: "orders", pollMs: 600_000 };
    await using worker = startProgram("work.ts", work);
    await worker.said("ready");
    await using queue = new JobQueue({ store: await sqlite(database) });
    // A watch may begin a moment after it was asked for: what is rung before may be found by the next.
    let enqueued = 0;
    await until("it hears", 20_000, async () => {
      await queue.enqueue("orders", {});
      enqueued++;
      return notesIn(record).length > 0;
    });
    for (let count = 0; count < 5; count++) {
      await queue.enqueue("orders", {});
      enqueued++;
      await until("all have run", 10_000, () => notesIn(record).length === 2 * enqueued);
    }
    worker.signal("SIGTERM");
    await worker.ended();
  });

  test("whoever opened the file first", { timeout }, async () => {
    using folder = temporaryFolder();
    const [database, record] = [join(folder.path, "jobs.db"), join(folder.path, "record")];
    await using queue = new JobQueue({ store: await sqlite(database) });
    await using worker = startProgram("work.ts", { database, record, queueName: "orders" });
    await worker.said("ready");
    await queue.enqueue("orders", {});
    await until("it has run", 10_000, () => notesIn(record).length === 2);
    const late = await sqlite(database);
    const notices = await heardBy(queue.store, late);
    await late.add([jobInput({ queueName: "other" })]);
    await until("it is heard", 10_000, () => notices.length > 0);
    assert.deepEqual(notices, [{ type: "ready" }]);
    await late.close();
    worker.signal("SIGTERM");
    await worker.ended();
  });

  test("of cancelled jobs each hears if one was running", { timeout }, async () => {
    await using pair = await openPair();
    const { store, other } = pair;
    await store.add([jobInput(), jobInput()]);
    const { claimed: [running] } = await store.settleAndClaim({
      settlements: [],
      claims: [{ ...claims[0]!, limit: 1 }],
    });
    const notices = await heardBy(store, other);
    await other.cancel(running!.id, { error: reason });
    await until("it is heard", 10_000, () => notices.length > 0);
    assert.deepEqual(notices, [{ type: "missed" }]);
    const [state] = await store.check([{ jobId: running!.id, leaseToken: running!.leaseToken }]);
    assert.equal(state, "cancelled");
  });

  test("a running handler is aborted when another process cancels", { timeout }, async () => {
    await using pair = await openPair();
    const [queue, others] = [
      new JobQueue({ store: pair.store }),
      new JobQueue({ store: pair.other }),
    ];
    const { id } = await queue.enqueue("orders", {});
    const worker = queue.worker("orders", (_, { signal }) =>
      new Promise((resolve) => {
        signal.addEventListener("abort", () => resolve("aborted"));
        void others.cancel(id);
      }));
    const startedAt = performance.now();
    const { cancelled } = await worker.tick();
    assert.equal(cancelled, 1);
    // By itself a worker looks each second.
    assert.ok(performance.now() - startedAt < 900);
  });

  test("what frees or delays jobs is heard, what only ends them is not", { timeout }, async () => {
    await using pair = await openPair();
    const { store, other } = pair;
    const first = jobInput();
    await other.add([first, jobInput({ dependsOn: [first.id] })]);
    const { claimed } = await other.settleAndClaim({ settlements: [], claims });
    const notices = await heardBy(store, other);
    const settlements = [settlement(claimed[0]!, completed)];
    await other.settleAndClaim({ settlements, claims: [] });
    await until("it is heard", 10_000, () => notices.length > 0);
    const { claimed: [dependent] } = await other.settleAndClaim({ settlements: [], claims });
    const rung = rungAt(pair.path);
    await other.settleAndClaim({ settlements: [settlement(dependent!, completed)], claims: [] });
    assert.equal(rungAt(pair.path), rung);
  });

  test("a log that is written back and cut off changes nothing", { timeout }, async () => {
    await using pair = await openPair();
    const notices = await heardBy(pair.store, pair.other);
    for (let count = 1; count <= 3; count++) {
      await pair.other.add([jobInput()]);
      await until("it is heard", 10_000, () => notices.length === count);
      const database = new DatabaseSync(pair.path);
      database.exec("pragma wal_checkpoint(truncate)");
      database.close();
    }
  });

  test("many changes are few wake-ups", { timeout }, async () => {
    await using pair = await openPair();
    const notices = await heardBy(pair.store, pair.other);
    const count = 300;
    for (let i = 0; i < count; i++) await pair.other.add([jobInput()]);
    await until("it is heard", 10_000, () => notices.length > 0);
    assert.ok(notices.length < count, `${notices.length}`);
  });

  test("one that listens ends all the same", { timeout }, async () => {
    using folder = temporaryFolder();
    await using program = startProgram("listen.ts", { database: join(folder.path, "jobs.db") });
    await program.ended();
  });

  test("one that has closed the file hears nothing and watches nothing", { timeout }, async () => {
    const before = watchersOf();
    {
      await using pair = await openPair();
      const notices = await heardBy(pair.store, pair.other);
      await heardBy(pair.other, pair.store);
      notices.length = 0;
      await pair.store.close();
      await pair.other.add([jobInput()]);
      await pair.other.close();
      assert.deepEqual(notices, []);
    }
    await until("none is left", 5_000, () => watchersOf() === before);
  });

  test("a file that was replaced is refused, and closed as any other", { timeout }, async () => {
    await using pair = await openPair();
    await heardBy(pair.store, pair.other);
    fs.cpSync(pair.path, `${pair.path}.copy`);
    fs.renameSync(`${pair.path}.copy`, pair.path);
    fs.rmSync(`${pair.path}-wake`);
    await assert.rejects(pair.other.add([jobInput()]), /replaced while it was open/);
    await assert.rejects(pair.store.add([jobInput()]), /replaced while it was open/);
  });
});

test("who is alone with a SQLite file wakes nobody", async () => {
  using folder = temporaryFolder();
  const path = join(folder.path, "jobs.db");
  const store = await sqlite(path);
  store.onNotice!(() => {});
  const rung = rungAt(path);
  await store.add([jobInput()]);
  await store.add([jobInput()]);
  assert.equal(rungAt(path), rung);
  await store.close();
});

test("where nothing can be watched a worker asks", { timeout }, async () => {
  const { watch } = fs;
  for (const deaf of [refuse, () => watch("/")]) {
    fs.watch = deaf as typeof watch;
    try {
      await using pair = await openPair();
      const queue = new JobQueue({ store: pair.store });
      const stopping = new AbortController();
      const running = queue.worker("orders", () => stopping.abort()).run({
        signal: stopping.signal,
      });
      await new JobQueue({ store: pair.other }).enqueue("orders", {});
      assert.equal((await running).completed, 1);
    } finally {
      fs.watch = watch;
    }
  }
});

function refuse(): never {
  throw new Error("No space left on device");
}

/** Linux in a container without inotify, for example, cannot. */
function canWatch(): boolean {
  try {
    fs.watch("/").close();
    return true;
  } catch {
    return false;
  }
}

/** What a store tells from now on. A watch may begin a moment after it was asked for. */
async function heardBy(store: Store, other: Store): Promise<Notice[]> {
  const notices: Notice[] = [];
  store.onNotice!((notice) => notices.push(notice));
  await until("it hears", 10_000, async () => {
    await other.add([jobInput({ queueName: "unheard" })]);
    return notices.length > 0;
  });
  await setTimeout(20);
  notices.length = 0;
  return notices;
}

function rungAt(path: string): number | undefined {
  return fs.statSync(`${path}-wake`, { throwIfNoEntry: false })?.mtimeMs;
}

/** How many files this process watches, where the runtime says so. */
function watchersOf(): number {
  const resources = process.getActiveResourcesInfo?.() ?? [];
  return resources.filter((name) => name === "FSEventWrap").length;
}

interface Pair extends AsyncDisposable {
  readonly path: string;
  readonly store: Store;
  /** To the first one, this is as another process. */
  readonly other: Store;
}

async function openPair(): Promise<Pair> {
  const folder = temporaryFolder();
  const path = join(folder.path, "jobs.db");
  const [store, other] = [await sqlite(path), await sqlite(path)];
  // From then on each knows of the other.
  await other.add([jobInput({ queueName: "unheard" })]);
  return {
    path,
    store,
    other,
    [Symbol.asyncDispose]: async () => {
      await Promise.all([store.close(), other.close()]);
      folder[Symbol.dispose]();
    },
  };
}
