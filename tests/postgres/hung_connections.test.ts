import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { job, JobQueue, StoreTimeoutError, StoreUnavailableError } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { openLossyProxy } from "./lossy_proxy.ts";
import { within } from "./within.ts";

const timeout = 60_000;
const callTimeoutMs = 500;

describe("connections that say nothing any more", { skip: whyNoDatabase }, () => {
  test("half open: workers and enqueues go on with new ones, and onError hears it", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    await using proxy = await openLossyProxy(database.url);
    await goesOn(await postgres(proxy.url, { callTimeoutMs }), () => {
      assert.ok(proxy.freeze() >= 2);
      return () => {};
    });
  });

  test("whose server processes are stopped: the same, and what was given up is done once", {
    timeout,
  }, async (t) => {
    await using database = await openTestDatabase();
    if (!await isOurs(database.url)) return t.skip("The server is another user's");
    await goesOn(await postgres(database.url, { callTimeoutMs }), async () => {
      const pids = await pidsOf(database.url);
      assert.ok(pids.length >= 2);
      for (const pid of pids) process.kill(pid, "SIGSTOP");
      return () => pids.forEach((pid) => process.kill(pid, "SIGCONT"));
    });
  });

  test("of the application's own client: the call is given up, cancelled where it can be", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    const sql = client(database.url, { max: 2, onnotice: () => {} });
    await using queue = new JobQueue<{ q: number }, Sql>({
      store: await postgres(sql as unknown as Sql, { callTimeoutMs }),
    });
    const other = client(database.url, { max: 1, onnotice: () => {} });
    await other.begin(async (transaction) => {
      await transaction`lock table hammerwork.enqueued in access exclusive mode`;
      await assert.rejects(queue.enqueue("q", 1), (error) => {
        assert.ok(error instanceof StoreTimeoutError && error instanceof StoreUnavailableError);
        assert.match(error.message, /^Postgres did not answer within 500 ms.*nothing was changed$/);
        assert.equal(error.mayHaveChanged, false);
        return true;
      });
      // In the application's own transaction the limit is the application's.
      const waiting = sql.begin((inner) => queue.enqueue("q", 2, { transaction: inner }));
      const first = await Promise.race([
        waiting.then(() => "done", () => "failed"),
        setTimeout(3 * callTimeoutMs, "waits"),
      ]);
      assert.equal(first, "waits");
      return { waiting };
    }).then(({ waiting }) => waiting);
    assert.equal((await queue.find()).jobs.length, 1);
    await Promise.all([sql.end(), other.end()]);
  });

  test("say of a call that is given up that it may have had an effect", { timeout }, async () => {
    await using database = await openTestDatabase();
    await using proxy = await openLossyProxy(database.url);
    await using queue = new JobQueue({ store: await postgres(proxy.url, { callTimeoutMs }) });
    const { id } = await queue.enqueue("q", 1);
    proxy.freeze();
    await assert.rejects(within(20_000, queue.cancel(id)), (error) => {
      assert.ok(error instanceof StoreUnavailableError, String(error));
      assert.equal(error.mayHaveChanged, true, error.message);
      return true;
    });
  });

  test("keep no process alive and no call waiting once the store is closed", {
    timeout,
  }, async () => {
    await using database = await openTestDatabase();
    await using proxy = await openLossyProxy(database.url);
    const store = await postgres(proxy.url, { callTimeoutMs: 60_000 });
    const queue = new JobQueue<{ q: number }>({ store });
    await using worker = queue.worker("q", () => {});
    await queue.enqueue("q", 1);
    proxy.freeze();
    const enqueue = assert.rejects(queue.enqueue("q", 2), StoreUnavailableError);
    await within(10_000, store.close());
    await within(10_000, enqueue);
    await assert.rejects(worker.tick(), { message: /^The store has been closed/ });
    await assert.rejects(queue.enqueue("q", 3), StoreUnavailableError);
  });
});

/** Runs jobs and enqueues some, makes all connections hang, and wants both to go on. */
async function goesOn(
  store: Awaited<ReturnType<typeof postgres>>,
  hang: () => (() => void) | Promise<() => void>,
): Promise<void> {
  await using queue = new JobQueue<{ q: number }, Sql>({ store });
  const [ran, errors]: [string[], unknown[]] = [[], []];
  const worker = queue.worker("q", ({ id }) => void ran.push(id), {
    onError: (error) => errors.push(error),
    pollMs: 100,
  });
  const run = worker.run();
  const { id: first } = await queue.enqueue("q", 1);
  const done = async (id: string) => {
    while (!ran.includes(id)) await setTimeout(10);
  };
  await within(10_000, done(first));
  const resume = await hang();
  try {
    const jobs = Array.from({ length: 5 }, (_, n) => job("q", n));
    const stored = await within(20_000, Promise.all(jobs.map((one) => queue.enqueue(one))));
    assert.ok(
      stored.every(({ deduplicated }, i) => !deduplicated && stored[i]!.id === jobs[i]!.id),
    );
    await within(20_000, Promise.all(stored.map(({ id }) => done(id))));
    assert.ok(errors.some((error) => error instanceof StoreTimeoutError), String(errors));
    assert.ok(errors.every((error) => error instanceof StoreUnavailableError), String(errors));
  } finally {
    resume();
  }
  await worker.stop();
  await run;
  const { jobs } = await queue.find({ limit: 20 });
  assert.deepEqual(jobs.map(({ status }) => status), Array(6).fill("completed"));
  assert.equal(new Set(ran).size, 6);
}

/** The server's processes of this database. */
async function pidsOf(url: string): Promise<readonly number[]> {
  const sql = client(url, { max: 1 });
  try {
    const rows = await sql`select pid from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    return rows.map(({ pid }) => pid as number);
  } finally {
    await sql.end();
  }
}

/** Whether this process may stop those of the server, as it may if the tests started it. */
async function isOurs(url: string): Promise<boolean> {
  const sql = client(url, { max: 1 });
  try {
    const [row] = await sql`select pg_backend_pid() as pid`;
    process.kill(row!.pid as number, 0);
    return true;
  } catch {
    return false;
  } finally {
    await sql.end();
  }
}
