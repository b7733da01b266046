import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { job, type JobOptions, JobQueue, memory, WorkerPool } from "../../mod.ts";

const queue = new JobQueue({ store: memory(), maxPayloadBytes: 1_000 });

async function refused(what: () => unknown, error: RegExp, name: "TypeError" | "RangeError") {
  await assert.rejects(async () => await what(), (thrown: Error) => {
    assert.equal(thrown.name, name, thrown.message);
    assert.match(thrown.message, error);
    return true;
  });
  assert.deepEqual(await queue.store.counts(), [], "nothing may be stored");
}

describe("a transaction where a store has none", () => {
  test("is refused, and nothing is stored", async () => {
    const queue = new JobQueue({ store: memory() });
    const options = { transaction: {} } as object;
    await assert.rejects(queue.enqueue("orders", 1, options), {
      name: "TypeError",
      message: /^memory\(\) takes no transaction/,
    });
    assert.deepEqual(await queue.store.counts(), []);
  });
});

describe("bad input is refused before it reaches the store", () => {
  test("queue names of another shape", async () => {
    for (
      const name of ["", "a b", "-a", "a/b", "ä", "x".repeat(129), "a\n", "'; drop table jobs"]
    ) {
      await refused(
        () => queue.enqueue(name, {}),
        /^A queue name must be a letter or digit/,
        "RangeError",
      );
    }
    await refused(() => queue.worker("a b", () => {}), /^A queue name must be/, "RangeError");
    await refused(() => queue.find({ queueName: "a b" }), /^A queue name must be/, "RangeError");
  });

  test("payloads that JSON would change in silence, with the path of what is wrong", async () => {
    class Money {}
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    const bad: readonly (readonly [unknown, RegExp])[] = [
      [undefined, /^payload must be JSON .*: got undefined$/],
      [{ at: new Date() }, /^payload\.at must be JSON .*: got a Date$/],
      [{ items: [1, undefined] }, /^payload\.items\[1\] must be JSON .*: got undefined$/],
      [{ sizes: new Map() }, /^payload\.sizes .*: got a Map$/],
      [{ price: new Money() }, /^payload\.price .*: got a Money$/],
      [{ total: NaN }, /^payload\.total .*: got NaN$/],
      [{ total: 1n }, /^payload\.total .*: got bigint$/],
      [() => {}, /: got function$/],
      [{ toJSON: () => 1 }, /: got an object with a toJSON method$/],
      [cycle, /: got more than 100 levels, or a cycle$/],
    ];
    for (const [payload, message] of bad) {
      await refused(() => queue.enqueue("queue", payload), message, "TypeError");
    }
  });

  test("a payload of more bytes than the queue allows", async () => {
    const message = /^payload must be at most 1000 bytes of JSON: got 1001$/;
    await refused(() => queue.enqueue("queue", "x".repeat(999)), message, "RangeError");
    await refused(() => queue.enqueue("queue", "é".repeat(499) + "x"), message, "RangeError");
  });

  test("options of another name, type or range", async () => {
    const bad: readonly (readonly [object, RegExp])[] = [
      [{ priority: 1.5 }, /^priority must be a whole number from -32768 to 32767: got 1\.5$/],
      [{ priority: "high" }, /^priority must be .*: got "high"$/],
      [{ delayMs: -1 }, /^delayMs must be a whole number from 0/],
      [{ maxAttempts: 0 }, /^maxAttempts must be a whole number from 1 to 1000: got 0$/],
      [{ timeoutMs: 0 }, /^timeoutMs must be a whole number from 1/],
      [{ runAt: "2026-01-01" }, /^runAt must be a Date from 1970 to 9999: got "2026-01-01"$/],
      [{ runAt: new Date(NaN) }, /^runAt must be a Date/],
      [{ correlationId: "" }, /^A correlation id must be 1 to 255/],
      [{ idempotencyKey: "a\nb" }, /^An idempotency key must be 1 to 255/],
      [{ traceId: "nonsense" }, /^A trace id must be 32 hex digits or a UUID/],
      [{ parent: "job-1" }, /^parent must be a UUID in lower case: got "job-1"$/],
      [{ dependsOn: ["job-1"] }, /^dependsOn must be a UUID in lower case: got "job-1"$/],
      [{ onDependencyFailure: "ignore" }, /^onDependencyFailure must be "cancel" or "run"/],
      [{ backoff: { type: "fibonacci" } }, /^A backoff must be \{ type: "fixed"/],
      [{ backoff: { type: "fixed", delayMs: -1 } }, /^A backoff must be/],
      [{ backoff: { type: "fixed", delayMs: 1n } }, /^A backoff must be .* got object$/],
      [{ backoff: { type: "exponential", delayMs: 1, jitter: "0.5" } }, /^A backoff must be/],
    ];
    for (const [options, message] of bad) {
      await refused(() => queue.enqueue("queue", {}, options as JobOptions), message, "RangeError");
    }
    const typo = { retries: 5 } as JobOptions;
    await refused(
      () => queue.enqueue("queue", {}, typo),
      /^A job's options are .*: got "retries"$/,
      "TypeError",
    );
    const both = { delayMs: 1, runAt: new Date() };
    await refused(
      () => queue.enqueue("queue", {}, both),
      /delayMs or runAt: got both$/,
      "TypeError",
    );
  });

  test("any JSON that claims to be a job gets an error or is one", async () => {
    const open = new JobQueue({ store: memory() });
    await fc.assert(
      fc.asyncProperty(
        fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }),
        async (value) => {
          // An empty list is no job and no error: there is nothing to enqueue.
          fc.pre(!Array.isArray(value) || value.length > 0);
          await assert.rejects(
            async () => await open.enqueue(value as never),
            (error) => error instanceof TypeError || error instanceof RangeError,
          );
        },
      ),
      { examples: [[null], [undefined], [42], [{}], [{ id: "x" }], [[null]], [["a"]]] },
    );
    assert.deepEqual(await open.store.counts(), []);
  });

  test("an unknown dependency, a parent that is not stored, and dependencies beyond the limit", async () => {
    const unknown = job("queue", {}).id;
    await refused(
      () => queue.enqueue("queue", {}, { dependsOn: [unknown] }),
      new RegExp(
        `^A dependency must be a stored job or one of the same call: got ${unknown}, which is neither$`,
      ),
      "RangeError",
    );
    await refused(
      () => queue.enqueue("queue", {}, { parent: unknown }),
      new RegExp(`^A parent must be a stored job: got ${unknown}$`),
      "RangeError",
    );
    const many = Array.from({ length: 1_001 }, () => unknown);
    await refused(
      () => queue.enqueue("queue", {}, { dependsOn: many }),
      /^dependsOn must be at most 1000 jobs or job ids: got 1001$/,
      "RangeError",
    );
  });

  test("jobs that depend on each other in a cycle, of any length", async () => {
    for (const length of [1, 2, 3, 5_000]) {
      const jobs = Array.from({ length }, () => job("queue", {}));
      const cycle = jobs.map((one, i) => ({ ...one, dependsOn: [jobs[(i + 1) % length]!.id] }));
      await refused(
        () => queue.enqueue(cycle),
        /^Jobs cannot depend on each other in a cycle: queue /,
        "RangeError",
      );
    }
  });

  test("one job twice in one call", async () => {
    const one = job("queue", {});
    await refused(() => queue.enqueue([one, one]), /only once$/, "RangeError");
  });

  test("filters, counts, cursors and ids of other shapes", async () => {
    await refused(
      () => queue.find({ limit: 0 }),
      /^limit must be a whole number from 1 to 1000: got 0$/,
      "RangeError",
    );
    await refused(
      () => queue.find({ cursor: "abc" }),
      /^A cursor must be a nextCursor/,
      "RangeError",
    );
    await refused(
      () => queue.find({ status: "done" as never }),
      /^A status must be one of scheduled/,
      "RangeError",
    );
    await refused(
      () => queue.find({ createdFrom: new Date(NaN) }),
      /^createdFrom must be a valid Date/,
      "RangeError",
    );
    for (const endedWithinMs of [0, -1, 1.5, NaN, Infinity, 31_536_000_001, "1" as never]) {
      await refused(
        () => queue.stats({ endedWithinMs }),
        /^endedWithinMs must be a whole number from 1 to 31536000000: got /,
        "RangeError",
      );
    }
    await refused(
      () => queue.stats({ endedWithin: 1 } as never),
      /^A stats query's option is endedWithinMs: got "endedWithin"; did you mean endedWithinMs\?$/,
      "TypeError",
    );
    await refused(
      () => queue.get("abc"),
      /^A job id must be a UUID in lower case: got "abc"$/,
      "RangeError",
    );
    await refused(() => queue.cancel("abc"), /^A job id must be a UUID/, "RangeError");
    await refused(
      () => queue.cancel(crypto.randomUUID(), { reason: 5 as never }),
      /^A reason must be a string: got number$/,
      "TypeError",
    );
    await refused(
      () => queue.cancel(crypto.randomUUID(), "why" as never),
      /^A cancellation's options must be an object: got "why"$/,
      "TypeError",
    );
    await refused(
      () => queue.cancel(crypto.randomUUID(), { why: "" } as never),
      /^A cancellation's options are reason, descendants, by: got "why"$/,
      "TypeError",
    );
  });

  test("workers and pools without a handler, a queue or a common store", async () => {
    await refused(
      () => queue.worker("queue", "handler" as never),
      /^A handler must be a function/,
      "TypeError",
    );
    await refused(
      () => queue.worker("queue", () => {}, { concurrency: 0 }),
      /^concurrency must be/,
      "RangeError",
    );
    await refused(
      () => queue.worker("queue", () => {}, { leaseMs: 5 }),
      /^leaseMs must be a whole number from 100/,
      "RangeError",
    );
    const worker = queue.worker("queue", () => {});
    const elsewhere = new JobQueue({ store: memory() }).worker("other", () => {});
    const message = /^A pool must have workers for different queues of one store: got /;
    await refused(() => new WorkerPool([]), message, "TypeError");
    await refused(() => new WorkerPool([worker, worker]), message, "TypeError");
    await refused(() => new WorkerPool([worker, elsewhere]), message, "TypeError");
    await refused(() => worker.tick({ maxJobs: 0 }), /^maxJobs must be/, "RangeError");
  });
});
