import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, type NewJob } from "../../mod.ts";
import { postgres } from "../../src/store/postgres.ts";
import { allCompleted } from "./completed.ts";
import { openTestDatabase, whyNoDatabase } from "./database.ts";
import type { Task } from "./programs/work.ts";
import { type Note, runOf } from "./run_record.ts";
import { workforce } from "./workforce.ts";

interface Shop extends Record<string, Task> {
  payments: Task;
  mails: Task;
}

const timeout = 120_000;
const [processes, orders, ordersPerCall] = [8, 10_000, 250];

describe("many workers on one Postgres", { skip: whyNoDatabase }, () => {
  test("eight drain 20,000 mixed jobs and run each as often as meant", { timeout }, async (t) => {
    await using database = await openTestDatabase();
    const { url } = database;
    await using queue = new JobQueue<Shop>({ store: await postgres(url) });
    await using workers = workforce({ url, queueNames: ["payments", "mails"], concurrency: 50 });
    const started = await workers.start(processes);
    const startedAt = performance.now();
    const { attempts, paymentOf, repeated } = await enqueueOrders(queue);
    const enqueuedAt = performance.now();
    await allCompleted(queue, 2 * orders, 90_000);
    const drainedAt = performance.now();
    await workers.stop();

    const [starts, ends] = [workers.notes("start"), workers.notes("end")];
    const perProcess = started.map(({ notes }) => notes().filter(isStart).length);
    t.diagnostic(
      `${attempts.size} jobs, ${paymentOf.size} of them dependents, ` +
        `${starts.length - attempts.size} retries, ${repeated} repeated enqueues`,
    );
    t.diagnostic(`runs per process: ${perProcess.join(", ")}`);
    t.diagnostic(
      `enqueued in ${Math.round(enqueuedAt - startedAt)} ms, ` +
        `drained after ${Math.round(drainedAt - startedAt)} ms`,
    );

    assert.equal(attempts.size, 2 * orders);
    assert.equal(repeated, orders / 4);
    assert.ok(perProcess.every((count) => count > 0), "Every process must have its part");
    const meant = [...attempts].flatMap(([id, last]) => upTo(last).map((one) => `${id} ${one}`));
    assert.deepEqual(starts.map(runOf).sort(), meant.sort());
    assert.deepEqual(
      workers.notes("complete").map(runOf).sort(),
      [...attempts].map(([id, last]) => `${id} ${last}`).sort(),
    );
    const endedAt = new Map(ends.map((note) => [runOf(note), note.at]));
    for (const { id, at } of starts) {
      const payment = paymentOf.get(id);
      if (payment === undefined) continue;
      const paidAt = endedAt.get(`${payment} ${attempts.get(payment)}`)!;
      assert.ok(paidAt <= at, "A mail must start after its payment's end");
    }
  });
});

interface EnqueuedOrders {
  /** How many attempts each job is meant to need, by its id. */
  readonly attempts: ReadonlyMap<string, number>;
  /** The dependency of each dependent. */
  readonly paymentOf: ReadonlyMap<string, string>;
  /** How many jobs were enqueued once more and found to be stored. */
  readonly repeated: number;
}

async function enqueueOrders(queue: JobQueue<Shop>): Promise<EnqueuedOrders> {
  const attempts = new Map<string, number>();
  const paymentOf = new Map<string, string>();
  let repeated = 0;
  for (let first = 0; first < orders; first += ordersPerCall) {
    const numbers = upTo(ordersPerCall).map((i) => first + i);
    const pairs = numbers.map(order);
    for (const { id, payload } of await queue.enqueue(pairs.flat())) {
      attempts.set(id, (payload.failures ?? 0) + 1);
    }
    for (const [payment, mail] of pairs) paymentOf.set(mail.id, payment.id);
    // Some orders come again while they are worked on.
    const again = numbers.map((number) => order(number)[0]).filter((one) => one.idempotencyKey);
    const found = await queue.enqueue(again);
    repeated += found.filter(({ id, deduplicated }) => deduplicated && attempts.has(id)).length;
  }
  return { attempts, paymentOf, repeated };
}

/** A payment and its mail: every tenth payment fails once, every 25th mail twice. */
function order(number: number): [payment: NewJob<"payments", Task>, mail: NewJob<"mails", Task>] {
  const backoff = { type: "fixed", delayMs: 20 } as const;
  const payment = job("payments", { failures: number % 10 === 0 ? 1 : 0 }, {
    backoff,
    ...(number % 4 === 0 && { idempotencyKey: `order-${number}` }),
  });
  const failures = number % 25 === 0 ? 2 : 0;
  return [payment, job("mails", { failures }, { backoff, dependsOn: [payment] })];
}

function upTo(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i + 1);
}

function isStart({ what }: Note): boolean {
  return what === "start";
}
