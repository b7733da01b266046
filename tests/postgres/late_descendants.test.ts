/** Parts of a job that transactions add which are open while it is cancelled with its descendants. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import pg from "postgres";
import { job, JobQueue } from "../../mod.ts";
import { postgres, type Sql } from "../../src/store/postgres.ts";
import { jobInput } from "../conformance/inputs.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import { olderTransactionsAreOver } from "./older_transactions.ts";

const maintenance = { retentionMs: 86_400_000, limit: 100 };

describe("parts that are added while a job is cancelled", { skip: whyNoDatabase }, () => {
  test("are cancelled by maintenance once they are there, unless they have begun", async () => {
    await using database = await openTestDatabase();
    await using store = await open(database.url);
    const { queue, sql } = store;
    const root = await queue.enqueue("roots", 1);
    const middle = await queue.enqueue("middles", 1, { parent: root });
    const transactions = await Promise.all([1, 2, 3].map(async (n) => {
      const held = hold(sql);
      const transaction = await held.begun;
      const job = await queue.enqueue(`parts_${n}`, n, { parent: middle, transaction });
      assert.equal(job.status, "ready");
      return { job, commit: held.commit };
    }));
    const [first, second, late] = transactions;
    await first!.commit();
    await second!.commit();
    const answer = await queue.cancel(root.id, { reason: "withdrawn", descendants: true });
    assert.deepEqual([answer?.changed, answer?.cancelledDescendants], [true, 3]);
    // However often it is looked for: the transaction is open.
    for (const _ of [1, 2, 3]) await queue.store.maintain(maintenance);
    await late!.commit();
    assert.equal((await queue.get(late!.job.id))?.status, "ready");
    await queue.store.maintain(maintenance);
    const { status, error } = (await queue.get(late!.job.id))!;
    assert.deepEqual([status, error?.message, error?.parentId], [
      "cancelled",
      "withdrawn",
      root.id,
    ]);
    await olderTransactionsAreOver(sql);
    for (const _ of [1, 2, 3]) await queue.store.maintain(maintenance);
    const [left] = await sql`select count(*)::integer as count from hammerwork.cancelled_trees`;
    assert.equal(left?.count, 0, "Nobody looks any more once none can come");
  });

  test("go on when they have begun before", async () => {
    await using database = await openTestDatabase();
    await using store = await open(database.url);
    const { queue, sql } = store;
    const root = await queue.enqueue("roots", 1);
    const held = hold(sql);
    const transaction = await held.begun;
    const part = await queue.enqueue("parts", 1, { parent: root, transaction });
    await queue.cancel(root.id, { descendants: true });
    await held.commit();
    const claims = [{ queueName: "parts", limit: 1, leaseMs: 60_000 }];
    const { claimed } = await queue.store.settleAndClaim({ settlements: [], claims });
    assert.deepEqual(claimed.map(({ id }) => id), [part.id]);
    for (const _ of [1, 2, 3]) await queue.store.maintain(maintenance);
    assert.equal((await queue.get(part.id))?.status, "running");
  });

  test("by many callers at the same moment leave none that has not ended", async () => {
    await using database = await openTestDatabase();
    await using store = await open(database.url);
    const { queue } = store;
    const root = await queue.enqueue("roots", 1);
    const middles = await queue.enqueue(
      Array.from({ length: 5 }, (_, n) => job("middles", n, { parent: root })),
    );
    const adding = Array.from({ length: 40 }, async (_, n) => {
      if (n % 2 === 1) return await queue.enqueue("parts", n, { parent: middles[n % 5]! });
      const input = jobInput({ queueName: "parts", parentId: middles[n % 5]!.id });
      return (await queue.store.add([input]))[0]!.job;
    });
    const cancelling = queue.cancel(root.id, { descendants: true });
    await Promise.all([...adding, cancelling]);
    for (const _ of [1, 2, 3]) await queue.store.maintain(maintenance);
    const counts = await queue.store.counts();
    assert.deepEqual(counts.map(({ status }) => status), counts.map(() => "cancelled"));
    assert.equal(counts.find(({ queueName }) => queueName === "parts")?.count, 40);
  });
});

async function open(url: string) {
  const sql = pg(url, { max: 8, onnotice: () => {} });
  const queue = new JobQueue<Record<string, number>, Sql>({ store: await postgres(sql) });
  return {
    queue,
    sql,
    [Symbol.asyncDispose]: async () => {
      await queue.close();
      await sql.end();
    },
  };
}

/** A transaction that stays open until the test commits it. */
function hold(sql: pg.Sql): { begun: Promise<Sql>; commit: () => Promise<unknown> } {
  let commit = () => {};
  const committing = new Promise<void>((resolve) => commit = resolve);
  let over: Promise<unknown> = Promise.resolve();
  const begun = new Promise<Sql>((resolve) => {
    over = sql.begin(async (transaction) => {
      resolve(transaction);
      await committing;
    });
  });
  return {
    begun,
    commit: async () => {
      commit();
      await over;
    },
  };
}
