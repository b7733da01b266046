import assert from "node:assert/strict";
import { once } from "node:events";
import { after, before, describe, test, type TestContext } from "node:test";
import { job, JobQueue, type Store } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";
import { until } from "../until.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { type Pgbouncer, startPgbouncer, whyNoPgbouncer } from "./pgbouncer.ts";

const timeout = 60_000;
const skip = whyNoDatabase || whyNoPgbouncer();

// A store of its own is to another what one in another process is: they share only the server.
describe("a cancellation by another process", { skip }, () => {
  let database: TestDatabase;
  let pgbouncer: Pgbouncer;
  before(async () => {
    database = await openTestDatabase();
    pgbouncer = await startPgbouncer(database.url);
  }, { timeout });
  after(async () => {
    await pgbouncer[Symbol.asyncDispose]();
    await database.drop();
  }, { timeout });

  test("reaches running handlers by NOTIFY", { timeout }, async (t) => {
    const store = await postgres(database.url, { schema: "notified" });
    const other = await postgres(database.url, { schema: "notified" });
    await reachesHandlers(
      t,
      store,
      other,
      40,
      () => until("it listens", 10_000, () => hears(store)),
    );
  });

  test("reaches running handlers within a second behind a pooler", { timeout }, async (t) => {
    const options = { schema: "pooled", prepare: false };
    const store = await postgres(pgbouncer.url, options);
    const other = await postgres(pgbouncer.url, options);
    await reachesHandlers(t, store, other, 10, () => Promise.resolve());
    assert.equal(hears(store), false);
  });

  test("reaches running handlers within a second on a SQLite file", { timeout }, async (t) => {
    using folder = temporaryFolder();
    const path = `${folder.path}/jobs.db`;
    await reachesHandlers(t, await sqlite(path), await sqlite(path), 10, () => Promise.resolve());
  });
});

/** Cancels running jobs at many moments of a second; their leases are too long for any heartbeat. */
async function reachesHandlers(
  t: TestContext,
  store: Store,
  other: Store,
  count: number,
  isReady: () => Promise<void>,
): Promise<void> {
  await using queue = new JobQueue({ store });
  await using elsewhere = new JobQueue({ store: other });
  const [abortedAt, answeredAt] = [new Map<string, number>(), new Map<string, number>()];
  let running = 0;
  const worker = queue.worker("orders", async ({ id }, { signal }) => {
    running++;
    await once(signal, "abort");
    abortedAt.set(id, performance.now());
  }, { concurrency: count, leaseMs: 600_000 });
  const working = worker.run();
  await isReady();
  const jobs = await queue.enqueue(Array.from({ length: count }, () => job("orders", {})));
  await until("all run", 10_000, () => running === count);
  for (const { id } of jobs) {
    await elsewhere.cancel(id);
    answeredAt.set(id, performance.now());
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await until("all are aborted", 5_000, () => abortedAt.size === count);
  const lags = jobs.map(({ id }) => abortedAt.get(id)! - answeredAt.get(id)!);
  t.diagnostic(`the slowest of ${count} took ${Math.max(...lags).toFixed(1)} ms after the answer`);
  await worker.stop();
  assert.equal((await working).cancelled, count);
}

function hears({ hints }: Pick<Store, "hints">): boolean {
  return hints.hearsOthers === true;
}
