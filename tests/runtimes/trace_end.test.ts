import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory, newTraceId, WorkerPool } from "../../mod.ts";
import type { TraceCompleteEvent } from "../../src/signatures.ts";
import { inVirtualTime } from "../virtual_time.ts";
import { manualClock } from "../conformance/manual_clock.ts";

type Queues = Record<string, number>;

/** A queue whose clock only the test moves, and the ends that were told. */
function scene() {
  const clock = manualClock();
  const store = memory({ now: clock.now });
  const queue = new JobQueue<Queues>({ store });
  const told: TraceCompleteEvent[] = [];
  const onTraceComplete = (event: TraceCompleteEvent) => void told.push(event);
  return { clock, store, queue, told, onTraceComplete };
}

describe("onTraceComplete", () => {
  test("is reported once, when the last job of a trace has ended, by the end of that tick", async () => {
    const { queue, told, onTraceComplete, clock } = scene();
    const traceId = newTraceId();
    const order = { traceId, correlationId: "order-12345" };
    const payment = job("payments", 1, order);
    const mail = job("mails", 1, { ...order, dependsOn: [payment] });
    await queue.enqueue([payment, mail]);
    await queue.worker("payments", () => {}, { onTraceComplete }).tick();
    assert.equal(told.length, 0, "the mail is not sent yet");
    const mails = queue.worker("mails", () => {}, { onTraceComplete });
    await mails.tick();
    const completedAt = new Date(clock.now());
    const end = { traceId, epoch: 1, jobId: mail.id, correlationId: "order-12345", completedAt };
    assert.deepEqual(told, [end]);
    await mails.tick();
    assert.equal(told.length, 1);
  });

  test("is reported for each trace of many, whatever became of its last job", async () => {
    const { queue, told, onTraceComplete } = scene();
    const completed = await queue.enqueue("jobs", 0);
    const failed = await queue.enqueue("jobs", 1, { maxAttempts: 2 });
    const timedOut = await queue.enqueue("jobs", 2, { maxAttempts: 1, timeoutMs: 5 });
    const first = job("jobs", 1, { maxAttempts: 1 });
    const dependent = job("jobs", 0, { dependsOn: [first] });
    const [cancelledWith] = await queue.enqueue([first, dependent]);
    const cancelled = await queue.enqueue("elsewhere", 0);
    await queue.cancel(cancelled.id);
    await queue.worker("jobs", async ({ payload }) => {
      if (payload === 1) throw new Error("no");
      if (payload === 2) await new Promise(() => {});
    }, { onTraceComplete, backoff: { type: "fixed", delayMs: 0 } }).tick();
    const traceIds = [completed, failed, timedOut, cancelledWith!, cancelled].map((one) =>
      one.traceId
    );
    assert.deepEqual(told.map(({ traceId }) => traceId).sort(), traceIds.sort());
    assert.ok(told.every(({ epoch }) => epoch === 1));
  });

  test("is reported again, with the next epoch, when a new job has revived the trace", async () => {
    const { queue, told, onTraceComplete } = scene();
    const worker = queue.worker("jobs", () => {}, { onTraceComplete });
    const traceId = newTraceId();
    for (let i = 0; i < 3; i++) {
      await queue.enqueue("jobs", i, { traceId });
      await worker.tick();
    }
    assert.deepEqual(told.map(({ epoch }) => epoch), [1, 2, 3]);
    assert.ok(told.every((one) => one.traceId === traceId));
  });

  test("is reported to a worker with the hook when the last job ran on one without", async () => {
    const { queue, told, onTraceComplete } = scene();
    const { traceId } = await queue.enqueue("deaf", 1);
    await queue.worker("deaf", () => {}).tick();
    assert.equal(told.length, 0);
    await queue.worker("listening", () => {}, { onTraceComplete, maintenanceMs: 0 }).tick();
    assert.deepEqual(told.map((one) => one.traceId), [traceId]);
  });

  test("is reported to another worker when the first one never came back", async () => {
    const { queue, told, onTraceComplete, clock } = scene();
    await queue.enqueue("jobs", 1);
    const hanging = { onTraceComplete: () => new Promise(() => {}), endTimeoutMs: 1 };
    await queue.worker("jobs", () => {}, hanging).tick();
    const other = queue.worker("jobs", () => {}, { onTraceComplete, maintenanceMs: 0 });
    await other.tick();
    assert.equal(told.length, 0, "it is still the first one's to tell");
    clock.pass(30_000);
    await other.tick();
    await other.tick();
    assert.equal(told.length, 1);
  });

  test("is left to another worker when the hook hangs beyond the end of its tick", async () => {
    await inVirtualTime(async (time) => {
      const queue = new JobQueue<Queues>({ store: memory({ now: time.now }) });
      await queue.enqueue("jobs", 1);
      const hanging = { onTraceComplete: () => new Promise(() => {}), endTimeoutMs: 1 };
      const tick = queue.worker("jobs", () => {}, { ...hanging, leaseMs: 1_000 }).tick();
      await time.pause(5_000);
      await tick;
      const told: TraceCompleteEvent[] = [];
      const onTraceComplete = (event: TraceCompleteEvent) => void told.push(event);
      await queue.worker("jobs", () => {}, { onTraceComplete }).tick();
      assert.equal(told.length, 1);
    });
  });

  test("that throws is reported, counts as told and changes no job", async () => {
    const { queue } = scene();
    const { id } = await queue.enqueue("jobs", 1);
    const problems: unknown[] = [];
    let calls = 0;
    const worker = queue.worker("jobs", () => {}, {
      onTraceComplete: () => {
        calls++;
        throw new Error("a hook that throws");
      },
      onError: (error) => problems.push((error as Error).message),
      maintenanceMs: 0,
    });
    await worker.tick();
    await worker.tick();
    assert.equal(calls, 1);
    assert.deepEqual(problems, ["a hook that throws"]);
    assert.equal((await queue.get(id))?.status, "completed");
  });

  test("goes on being told when hooks hang: each has its lease to return, then it counts as told", async () => {
    await inVirtualTime(async (time) => {
      const queue = new JobQueue<Queues>({ store: memory({ now: time.now }) });
      const told: string[] = [];
      const errors: string[] = [];
      const worker = queue.worker("jobs", () => {}, {
        leaseMs: 1_000,
        onTraceComplete: ({ traceId }) => {
          told.push(traceId);
          return told.length <= 150 ? new Promise(() => {}) : undefined;
        },
        onError: (error) => errors.push((error as Error).message),
      });
      const run = worker.run();
      await queue.enqueue(Array.from({ length: 300 }, (_, n) => job("jobs", n)));
      await time.pause(5_000);
      assert.equal(new Set(told).size, 300);
      assert.equal(told.length, 300, "none is reported twice");
      assert.equal(errors.length, 150);
      assert.match(errors[0]!, /^onTraceComplete has not returned within 1000 ms for trace /);
      await worker.stop();
      await run;
    });
  });

  test("is reported once to a pool whose workers share it, and to each that has its own", async () => {
    const { queue, told, onTraceComplete } = scene();
    const other: string[] = [];
    await queue.enqueue("a", 1);
    await new WorkerPool([
      queue.worker("a", () => {}, { onTraceComplete }),
      queue.worker("b", () => {}, { onTraceComplete }),
      queue.worker("c", () => {}, { onTraceComplete: ({ traceId }) => other.push(traceId) }),
    ]).tick();
    assert.equal(told.length, 1);
    assert.equal(other.length, 1);
  });

  test("comes during a run too, while other jobs are still waited for", async () => {
    const { queue, told } = scene();
    const stop = new AbortController();
    const { traceId } = await queue.enqueue("jobs", 1);
    await queue.enqueue("jobs", 2);
    const tellers: (() => void)[] = [];
    const isTold = new Promise<void>((resolve) => tellers.push(resolve));
    const worker = queue.worker("jobs", async ({ payload }) => {
      if (payload === 2) await isTold;
    }, {
      onTraceComplete: (event) => {
        told.push(event);
        tellers[0]!();
        if (told.length === 2) stop.abort();
      },
    });
    await worker.run({ signal: stop.signal });
    assert.equal(told[0]?.traceId, traceId);
    assert.equal(told.length, 2);
  });

  test("is asked for before the first outcome is recorded: a store may keep ends for those who ask", async () => {
    const { queue, store, onTraceComplete } = scene();
    await queue.enqueue("jobs", 1);
    const calls: string[] = [];
    const { claim } = store.traceEnds!;
    store.traceEnds!.claim = async (options) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      const ends = await claim(options);
      calls.push("ends");
      return ends;
    };
    const { settleAndClaim } = store;
    store.settleAndClaim = (request) => {
      if (request.settlements.length > 0) calls.push("outcome");
      return settleAndClaim.call(store, request);
    };
    await queue.worker("jobs", () => {}, { onTraceComplete }).tick();
    assert.deepEqual(calls.slice(0, 2), ["ends", "outcome"]);
  });

  test("does not stop a worker when the store cannot say which traces ended", async () => {
    const { queue, store, told, onTraceComplete } = scene();
    await queue.enqueue("jobs", 1);
    const traceEnds = store.traceEnds!;
    const { claim } = traceEnds;
    traceEnds.claim = () => Promise.reject(new Error("away"));
    const problems: unknown[] = [];
    const worker = queue.worker("jobs", () => {}, {
      onTraceComplete,
      onError: (error) => problems.push(error),
      maintenanceMs: 0,
    });
    assert.equal((await worker.tick()).completed, 1);
    assert.ok(problems.length > 0);
    traceEnds.claim = claim;
    await worker.tick();
    assert.equal(told.length, 1);
  });
});

describe("isFinalJobInTrace", () => {
  test("says whether any other job of the trace is unfinished now", async () => {
    const { queue } = scene();
    const traceId = newTraceId();
    const answers: boolean[] = [];
    const a = job("jobs", 1, { traceId });
    await queue.enqueue([a, job("jobs", 2, { traceId, dependsOn: [a] })]);
    await queue.enqueue("jobs", 3); // of another trace
    await queue.worker("jobs", async ({ payload }, ctx) => {
      if (payload === 3) return;
      answers.push(await ctx.isFinalJobInTrace());
      if (payload === 2) {
        await ctx.enqueue("later", 1);
        answers.push(await ctx.isFinalJobInTrace());
      }
    }).tick();
    assert.deepEqual(answers, [false, true, false]);
  });
});

describe("a store that records no ends of traces", () => {
  function withoutTraceEnds() {
    const store = memory();
    Object.defineProperty(store, "traceEnds", { value: undefined });
    return new JobQueue({ store });
  }
  const message = (what: string) =>
    `${what} needs a store that records the ends of traces: this one has no traceEnds`;

  test("refuses a worker with onTraceComplete", () => {
    const queue = withoutTraceEnds();
    assert.throws(
      () => queue.worker("jobs", () => {}, { onTraceComplete: () => {} }),
      { name: "TypeError", message: message("onTraceComplete") },
    );
  });

  test("works for all others, and isFinalJobInTrace says why it cannot answer", async () => {
    const queue = withoutTraceEnds();
    const { id } = await queue.enqueue("jobs", 1, { maxAttempts: 1 });
    await queue.enqueue("others", 1);
    assert.equal((await queue.worker("others", () => {}).tick()).completed, 1);
    const worker = queue.worker("jobs", (_, ctx) => ctx.isFinalJobInTrace());
    assert.equal((await worker.tick()).failed, 1);
    assert.equal((await queue.get(id))?.error?.message, message("ctx.isFinalJobInTrace()"));
  });
});
