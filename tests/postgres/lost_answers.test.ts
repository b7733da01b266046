import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { type Attempt, job, JobQueue, type Store } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { openTestDatabase, type TestDatabase, whyNoDatabase } from "./database.ts";
import { type Loss, type LossyProxy, openLossyProxy } from "./lossy_proxy.ts";
import { startPgbouncer, whyNoPgbouncer } from "./pgbouncer.ts";

const timeout = 30_000;
const losses: readonly Loss[] = ["statement", "answer"];

describe("a connection that drops at the worst moment", { skip: whyNoDatabase }, () => {
  describeLosses(async (opened) => {
    const database = opened.use(await openTestDatabase());
    const proxy = opened.use(await openLossyProxy(database.url));
    return { proxy, database, store: await postgres(proxy.url) };
  });
});

const skip = whyNoDatabase || whyNoPgbouncer();
describe("a connection of pgbouncer that drops at the worst moment", { skip }, () => {
  describeLosses(async (opened) => {
    const database = opened.use(await openTestDatabase());
    const proxy = opened.use(await openLossyProxy(database.url));
    const pgbouncer = opened.use(await startPgbouncer(proxy.url));
    return { proxy, database, store: await postgres(pgbouncer.url, { prepare: false }) };
  });
});

interface Way {
  readonly database: TestDatabase;
  readonly proxy: LossyProxy;
  readonly store: Store;
}

function describeLosses(open: (opened: AsyncDisposableStack) => Promise<Way>): void {
  const opened = new AsyncDisposableStack();
  let proxy: LossyProxy;
  let queue: JobQueue;
  // Looks from aside: a read on a connection that is about to end fails, and rightly so.
  let witness: JobQueue;
  before(async () => {
    const { database, ...way } = await open(opened);
    proxy = way.proxy;
    queue = opened.use(new JobQueue({ store: way.store }));
    witness = opened.use(new JobQueue({ store: await postgres(database.url) }));
  }, { timeout });
  after(() => opened.disposeAsync(), { timeout });

  for (const loss of losses) {
    test(`with the ${loss} of an enqueue stores the job once`, { timeout }, async () => {
      const one = job("enqueued", {}, { idempotencyKey: loss, correlationId: loss });
      const [, stored] = await Promise.all([proxy.loseNext(loss, one.id), queue.enqueue(one)]);
      assert.equal(stored.id, one.id);
      assert.equal(stored.deduplicated, false, "It is this call's own");
      const { jobs } = await witness.find({ queueName: "enqueued", correlationId: loss });
      assert.deepEqual(jobs.map(({ id }) => id), [one.id]);
    });

    test(`with the ${loss} of a graph stores it once, and whole`, { timeout }, async () => {
      const first = job("graphs", {}, { correlationId: loss });
      const second = job("graphs", {}, { correlationId: loss, dependsOn: [first] });
      const lost = proxy.loseNext(loss, second.id);
      const [, stored] = await Promise.all([lost, queue.enqueue([first, second])]);
      assert.ok(stored.every(({ deduplicated }) => !deduplicated));
      const { jobs } = await witness.find({ queueName: "graphs", correlationId: loss });
      assert.deepEqual(jobs.map(({ id }) => id), [second.id, first.id]);
    });

    test(`with the ${loss} of a claim runs the job once, and soon`, { timeout }, async () => {
      const queueName = `claimed_${loss}`;
      const { id } = await queue.enqueue(queueName, {});
      let runs = 0;
      const worker = queue.worker(queueName, () => void runs++, { onError: () => {} });
      const [, { completed }] = await Promise.all([
        proxy.loseNext(loss, queueName),
        worker.tick(),
      ]);
      assert.deepEqual([runs, completed], [1, 1]);
      const { attempts, attemptHistory } = (await witness.get(id))!;
      assert.deepEqual([attempts, attemptHistory.map(outcomeOf)], [1, ["completed"]]);
    });

    test(`with the ${loss} of an outcome records it once, and tells`, { timeout }, async () => {
      const queueName = `settled_${loss}`;
      const { id } = await queue.enqueue(queueName, {});
      const told: string[] = [];
      let lost: Promise<void> | undefined;
      const worker = queue.worker(queueName, ({ id }) => {
        // The statement of the outcome has the result in it.
        lost = proxy.loseNext(loss, id);
        return id;
      }, { onError: () => {}, onJobComplete: ({ job }) => void told.push(job.id) });
      assert.equal((await worker.tick()).completed, 1);
      await lost;
      const { status, result, attempts, attemptHistory } = (await witness.get(id))!;
      assert.deepEqual([status, result, attempts], ["completed", id, 1]);
      assert.deepEqual(attemptHistory.map(outcomeOf), ["completed"]);
      assert.deepEqual(told, [id]);
    });

    test(`with the ${loss} of a failure counts the attempt once`, { timeout }, async () => {
      const queueName = `failed_${loss}`;
      const options = { maxAttempts: 2, backoff: { type: "fixed", delayMs: 1 } } as const;
      const { id } = await queue.enqueue(queueName, {}, options);
      const losses: Promise<void>[] = [];
      const worker = queue.worker(queueName, ({ id }) => {
        losses.push(proxy.loseNext(loss, id));
        throw new Error(id);
      }, { onError: () => {} });
      while ((await witness.get(id))?.status !== "failed") await worker.tick();
      await Promise.all(losses);
      const { attempts, attemptHistory } = (await witness.get(id))!;
      assert.deepEqual([attempts, attemptHistory.map(({ attempt }) => attempt)], [2, [1, 2]]);
    });
  }
}

function outcomeOf({ outcome }: Attempt): string {
  return outcome;
}
