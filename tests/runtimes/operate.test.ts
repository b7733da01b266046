import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Job, job, JobQueue, memory } from "../../mod.ts";
import { operate } from "../../src/operate.ts";
import type { ChangeFilter } from "../../src/store.ts";

const queueName = "email_queue";

/** A queue whose passes and clock a test sees. */
function observed() {
  let time = 1_000_000;
  const store = memory({ now: () => time });
  const passes: ChangeFilter[] = [];
  const change = store.change.bind(store);
  let meanwhile: unknown;
  store.change = async (filter, ...rest) => {
    await meanwhile;
    passes.push(filter);
    return await change(filter, ...rest);
  };
  const queue = new JobQueue({ store });
  return {
    queue,
    passes,
    pass: (ms: number) => time += ms,
    /** What is done before the next pass. */
    beforeNextPass: (work: Promise<unknown>) => meanwhile = work,
  };
}

async function enqueue(
  queue: JobQueue,
  count: number,
  options: { readonly correlationId?: string } = {},
): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (let i = 0; i < count; i++) jobs.push(await queue.enqueue(queueName, { i }, options));
  return jobs;
}

describe("acting on many jobs", () => {
  test("goes on, pass by pass, and tells how far it has come", async () => {
    const { queue, passes } = observed();
    await enqueue(queue, 2_500);
    const progress: number[] = [];
    const result = await operate(queue).cancel({ queueName }, {
      onProgress: ({ changed }) => progress.push(changed),
    });
    assert.deepEqual(result, { changed: 2_500, refused: 0 });
    assert.deepEqual(progress, [1_000, 2_000, 2_500]);
    assert.equal(passes.length, 3);
    assert.equal((await queue.stats()).queues[0]?.jobs.cancelled, 2_500);
  });

  test("retries 5,000 failed jobs in 5 calls of the store, each once", async () => {
    const { queue, passes } = observed();
    const jobs = await enqueue(queue, 5_000);
    for (const { id } of jobs) await queue.cancel(id);
    const { changed } = await operate(queue).retry({ status: ["failed", "cancelled"] });
    assert.deepEqual([changed, passes.length], [5_000, 5]);
    assert.equal((await queue.stats()).queues[0]?.jobs.ready, 5_000);
  });

  test("is of the jobs that were there and had ended when it began", async () => {
    const { queue, pass, beforeNextPass } = observed();
    const jobs = await enqueue(queue, 1_500);
    for (const { id } of jobs) await queue.cancel(id);
    let isFirst = true;
    const { changed } = await operate(queue).retry({ queueName }, {
      onProgress: () => {
        if (!isFirst) return;
        isFirst = false;
        pass(1);
        beforeNextPass(Promise.all([queue.cancel(jobs[0]!.id), queue.cancel(jobs.at(-1)!.id)]));
      },
    });
    assert.equal(changed, 1_500);
    assert.equal((await queue.get(jobs[0]!.id))?.status, "cancelled", "it was retried once");
  });

  test("cancels what is enqueued below a trace or a correlation id meanwhile", async () => {
    for (const by of ["correlationId", "traceId"] as const) {
      const { queue, beforeNextPass } = observed();
      const [first] = await enqueue(queue, 1, { correlationId: "order-1" });
      let left = 3;
      const { changed } = await operate(queue).cancel({ [by]: first![by] }, {
        onProgress: () => {
          if (left-- > 0) {
            const { traceId } = first!;
            beforeNextPass(queue.enqueue(queueName, {}, { correlationId: "order-1", traceId }));
          }
        },
      });
      assert.equal(changed, 4);
      assert.equal((await queue.stats()).queues[0]?.jobs.ready, 0);
    }
  });

  test("by queue it does not run after those who go on enqueueing", async () => {
    const { queue, pass, beforeNextPass } = observed();
    await enqueue(queue, 1_001);
    const { changed } = await operate(queue).cancel({ queueName }, {
      onProgress: () => {
        pass(10);
        beforeNextPass(queue.enqueue(queueName, {}));
      },
    });
    assert.equal(changed, 1_001);
    assert.equal((await queue.stats()).queues[0]?.jobs.ready, 2);
  });

  test("a dry run counts, up to 10,000, and changes nothing", async () => {
    const { queue, passes } = observed();
    for (let i = 0; i < 11; i++) {
      await queue.enqueue(Array.from({ length: 1_000 }, () => job(queueName, {})));
    }
    const { cancel, reschedule } = operate(queue);
    const dryRun = true;
    assert.deepEqual(await cancel({ queueName }, { dryRun }), {
      changed: 0,
      refused: 0,
      matching: 10_000,
      hasMore: true,
    });
    const [first] = (await queue.find({ limit: 1 })).jobs;
    assert.deepEqual(await reschedule({ ids: [first!.id] }, { dryRun, delayMs: 0 }), {
      changed: 0,
      refused: 0,
      matching: 1,
      hasMore: false,
    });
    assert.deepEqual(passes, []);
    assert.equal((await queue.stats()).queues[0]?.jobs.ready, 11_000);
  });

  test("says who did it, when and why", async () => {
    const { queue, pass } = observed();
    const [first] = await enqueue(queue, 1);
    const { cancel, retry, reschedule } = operate(queue);
    const ids = [first!.id];
    const read = async () => await queue.get(first!.id);
    await reschedule({ ids }, { priority: 3, by: "Ada", reason: "the customer waits" });
    assert.deepEqual((await read())?.operation, {
      name: "reschedule",
      at: new Date(1_000_000),
      by: "Ada",
      reason: "the customer waits",
    });
    pass(5);
    await cancel({ ids });
    assert.deepEqual((await read())?.operation, { name: "cancel", at: new Date(1_000_005) });
    assert.equal((await read())?.error?.message, "Cancelled by an operator");
    await retry({ ids }, { by: "Bob" });
    assert.equal((await read())?.operation?.by, "Bob");
    await queue.cancel(first!.id, { reason: "withdrawn", by: "Eve" });
    assert.deepEqual((await read())?.operation, {
      name: "cancel",
      at: new Date(1_000_005),
      by: "Eve",
      reason: "withdrawn",
    });
    await queue.retry(first!.id, { by: "Bob" });
    assert.deepEqual((await read())?.operation?.name, "retry");
    await queue.cancel(first!.id);
    assert.deepEqual((await read())?.operation?.name, "retry", "a program is no operator");
  });

  test("reschedules to now, to a time and to another priority", async () => {
    const { queue } = observed();
    const later = await queue.enqueue(queueName, {}, { delayMs: 60_000 });
    const { reschedule } = operate(queue);
    const runAt = new Date(2_000_000);
    await reschedule({ status: "scheduled" }, { runAt });
    assert.deepEqual((await queue.get(later.id))?.runAt, runAt);
    await reschedule({ queueName }, { delayMs: 0, priority: 9 });
    const { status, priority } = (await queue.get(later.id))!;
    assert.deepEqual([status, priority], ["ready", 9]);
  });

  test("the children of a deleted job are roots of their tree", async () => {
    const { queue } = observed();
    const parent = await queue.enqueue(queueName, {});
    const child = await queue.enqueue(queueName, {}, { parent });
    await queue.cancel(parent.id);
    assert.equal((await operate(queue).delete({ ids: [parent.id] })).changed, 1);
    const { roots } = await queue.tree({ traceId: parent.traceId });
    assert.deepEqual(roots.map(({ job }) => job.id), [child.id]);
    assert.equal(roots[0]?.job.parentId, parent.id);
  });

  test("refuses a filter without a value, with an unknown field, or for pages", async () => {
    const { queue } = observed();
    const [first] = await enqueue(queue, 1);
    const { cancel, retry, reschedule, delete: remove } = operate(queue);
    const calls = [cancel, retry, remove, (filter: object) => reschedule(filter, { delayMs: 0 })];
    for (const call of calls) {
      for (const dryRun of [false, true]) {
        for (const filter of [{}, { traceId: undefined, status: undefined }]) {
          await assert.rejects(call(filter, { dryRun }), /needs a filter with a value/);
        }
      }
      for (const name of ["limit", "cursor", "include", "queue"]) {
        await assert.rejects(call({ traceId: first!.traceId, [name]: 1 }), TypeError, name);
      }
      await assert.rejects(call({ traceId: "no" }), RangeError);
      // In JavaScript a value can be missing in other ways: none of them means all jobs.
      for (const ids of [null, "", 0, false]) {
        await assert.rejects(call({ ids: ids as never }), RangeError, String(ids));
      }
      const names = ["queueName", "status", "traceId", "correlationId", "parent"];
      for (const name of [...names, "createdFrom", "createdBefore"]) {
        await assert.rejects(call({ [name]: null }), Error, name);
      }
    }
    assert.equal((await queue.get(first!.id))?.status, "ready");
  });

  test("refuses options that it cannot do", async () => {
    const { queue } = observed();
    const { cancel, retry, reschedule } = operate(queue);
    const filter = { queueName };
    await assert.rejects(reschedule(filter, {}), /needs runAt, delayMs or priority/);
    await assert.rejects(reschedule(filter, { delayMs: 1, runAt: new Date() }), TypeError);
    await assert.rejects(reschedule(filter, { priority: 0.5 }), RangeError);
    await assert.rejects(cancel(filter, { by: "x".repeat(201) }), RangeError);
    await assert.rejects(cancel(filter, { by: 5 as never }), TypeError);
    await assert.rejects(cancel(filter, { reason: 5 as never }), TypeError);
    await assert.rejects(cancel(filter, { dryRun: 1 as never }), TypeError);
    await assert.rejects(cancel(filter, { onProgress: 1 as never }), TypeError);
    await assert.rejects(retry(filter, { force: "yes" as never }), TypeError);
  });

  test("what onProgress throws ends it, and what was done stays done", async () => {
    const { queue } = observed();
    await enqueue(queue, 1_500);
    const stop = new Error("enough");
    const call = operate(queue).cancel({ queueName }, {
      onProgress: () => {
        throw stop;
      },
    });
    await assert.rejects(call, stop);
    assert.equal((await queue.stats()).queues[0]?.jobs.cancelled, 1_000);
  });
});
