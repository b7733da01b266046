import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import client from "postgres";
import { JobQueue, StoreTimeoutError } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { within } from "./within.ts";

type Queues = { keyed: number; plain: number };

const timeout = 60_000;
const keys = Array.from({ length: 8 }, (_, n) => `key-${n}`);

describe("transactions that have used keys and stay open", { skip: whyNoDatabase }, () => {
  let database: TestDatabase;
  before(async () => {
    database = await openTestDatabase();
    await (await postgres(database.url)).close();
  });
  after(() => database.drop());

  const ways: Readonly<Record<string, (sql: client.Sql) => string | Sql>> = {
    "connections of its own": () => database.url,
    "the application's client": (sql) => counted(sql as unknown as Sql),
  };
  for (const [way, sourceOf] of Object.entries(ways)) {
    test(`eight of them keep only their own keys waiting, on ${way}`, { timeout }, async () => {
      const sql = client(database.url, { max: 4, onnotice: () => {} });
      const others = client(database.url, { max: 8, onnotice: () => {} });
      const source = sourceOf(sql);
      await using queue = new JobQueue<Queues, Sql>({ store: await postgres(source) });
      const key = (name: string) => ({ idempotencyKey: `${way} ${name}` });
      let release = () => {};
      const released = new Promise<void>((resolve) => release = resolve);
      const opened = keys.map((name) => {
        let isOpen = () => {};
        const open = new Promise<void>((resolve) => isOpen = resolve);
        const ended = others.begin(async (transaction) => {
          await queue.enqueue("keyed", 1, { ...key(name), transaction });
          isOpen();
          await released;
        });
        return { open, ended };
      });
      await within(10_000, Promise.all(opened.map(({ open }) => open)));
      let answered = 0;
      const waiting = keys.map(async (name) => {
        const stored = await queue.enqueue("keyed", 2, key(name));
        answered++;
        return stored;
      });
      await setTimeout(300);
      for (let n = 0; n < 20; n++) await within(10_000, queue.enqueue("plain", n));
      const free = [key("free"), key("also free")];
      const freed = free.map((options) => queue.enqueue("keyed", 3, options));
      assert.ok((await within(10_000, Promise.all(freed))).every((one) => !one.deduplicated));
      assert.equal(answered, 0, "The keys are still those of open transactions");
      release();
      await Promise.all(opened.map(({ ended }) => ended));
      const stored = await within(10_000, Promise.all(waiting));
      assert.ok(stored.every(({ deduplicated, payload }) => deduplicated && payload === 1));
      if (typeof source !== "string") assert.equal(most, 2, "At most half of its connections");
      await Promise.all([sql.end(), others.end()]);
    });
  }

  test("are waited for as long as a call may take, and not longer", { timeout }, async () => {
    const sql = client(database.url, { max: 1, onnotice: () => {} });
    await using queue = new JobQueue<Queues, Sql>({
      store: await postgres(database.url, { callTimeoutMs: 400 }),
    });
    const key = { idempotencyKey: "patience" };
    await sql.begin(async (transaction) => {
      await queue.enqueue("keyed", 1, { ...key, transaction });
      await assert.rejects(queue.enqueue("keyed", 2, key), (error) => {
        assert.ok(error instanceof StoreTimeoutError);
        assert.match(error.message, /^Another transaction has held an idempotency key/);
        return true;
      });
      const first = await queue.enqueue("plain", 1);
      await assert.rejects(
        queue.enqueue("keyed", 3, { ...key, dependsOn: [first.id] }),
        StoreTimeoutError,
      );
    });
    assert.equal((await queue.enqueue("keyed", 4, key)).payload, 1);
    await sql.end();
  });

  let most = 0;
  /** Counts how many enqueues with keys are under way at once. */
  function counted(sql: Sql): Sql {
    let underWay = 0;
    return {
      options: { max: 4 },
      unsafe: (text, values, options) => {
        const answer = sql.unsafe(text, values, options);
        if (!text.includes("lock_timeout")) return answer;
        most = Math.max(most, ++underWay);
        const over = () => void underWay--;
        return Object.assign(Promise.resolve(answer).finally(over), {
          cancel: () => answer.cancel?.(),
        });
      },
    };
  }
});
