import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import connect from "postgres";
import { job, JobQueue, StoreTimeoutError, WorkerPool } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { openSlowProxy } from "./slow_proxy.ts";

const timeout = 60_000;
const numbers = (count: number) => Array.from({ length: count }, (_, n) => n);
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

describe("a worker whose Postgres is slow", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  before(async () => {
    database = await openTestDatabase();
    await using _ = await postgres(database.url).then((store) => new JobQueue({ store }));
  }, { timeout });
  after(() => database[Symbol.asyncDispose](), { timeout });

  // The driver takes two round trips for a statement that it has not prepared on a connection.
  for (const [roundTripMs, leaseMs] of [[120, 30_000], [120, 1_500]] as const) {
    test(`runs each job at ${roundTripMs} ms with a lease of ${leaseMs}`, { timeout }, async () => {
      await using proxy = await openSlowProxy(database.url, roundTripMs);
      await using far = new JobQueue({ store: await postgres(proxy.url) });
      const queueName = `far_${roundTripMs}_${leaseMs}`;
      // A new connection takes some more: none is opened while leases run.
      await Promise.all(numbers(20).map(() => far.store.counts()));
      await far.enqueue(numbers(100).map((n) => job(queueName, n)));
      const ran: unknown[] = [];
      const errors: unknown[] = [];
      const worker = far.worker(queueName, async ({ payload }) => {
        ran.push(payload);
        // One takes longer than the shortest lease.
        await pause(payload === 50 ? 2_000 : 2);
      }, { leaseMs, onError: (error) => errors.push(error) });
      const { completed, released } = await worker.tick();
      assert.equal(completed, 100);
      assert.deepEqual(ran.sort((a, b) => Number(a) - Number(b)), numbers(100));
      assert.ok(released <= 10, String(released));
      assert.deepEqual(errors, []);
    });
  }

  test("runs its jobs with 2,000 places, and releases nearly none", { timeout }, async () => {
    await using queue = new JobQueue({ store: await postgres(database.url) });
    await queue.enqueue(numbers(6_000).map((n) => job("wide", n)));
    const worker = queue.worker("wide", () => pause(5), { concurrency: 2_000 });
    const { completed, released } = await worker.tick();
    assert.equal(completed, 6_000);
    assert.ok(released < 600, String(released));
  });

  test("makes batches smaller that take longer than the server allows", { timeout }, async () => {
    const url = new URL(database.url);
    const sql = connect(url.href, { max: 1, onnotice: () => {} });
    await sql.unsafe(`alter database "${url.pathname.slice(1)}" set statement_timeout = '50ms'`);
    await using slowed = new AsyncDisposableStack();
    slowed.defer(() => sql.end());
    slowed.defer(async () => {
      await sql.unsafe(`alter database "${url.pathname.slice(1)}" reset statement_timeout`);
      await sql.unsafe("drop trigger slow on hammerwork.ready");
    });
    // A claim of a thousand takes a second.
    await sql.unsafe(`
      create or replace function hammerwork.test_slow() returns trigger language plpgsql as $$
        begin perform pg_sleep(0.001); return old; end $$;
      create trigger slow before delete on hammerwork.ready for each row
        when (old.queue_name = 'slow')
        execute function hammerwork.test_slow()`);
    await using queue = new JobQueue({ store: await postgres(database.url) });
    for (const part of numbers(10)) {
      await queue.enqueue(numbers(20).map((n) => job("slow", 20 * part + n)));
    }
    const errors: unknown[] = [];
    const worker = queue.worker("slow", () => {}, {
      concurrency: 2_000,
      onError: (error) => errors.push(error),
    });
    const { completed } = await new WorkerPool([worker]).tick();
    assert.equal(completed, 200);
    assert.ok(errors.length > 0, "the first claim is for 2,000");
    assert.ok(errors.every((error) => error instanceof StoreTimeoutError), String(errors));
  });
});
