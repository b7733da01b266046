import assert from "node:assert/strict";
import { describe, test } from "node:test";
import {
  type Hooks,
  type Job,
  job,
  type JobLifecycleEvent,
  JobQueue,
  memory,
  NonRetryableError,
} from "../../mod.ts";
import { inVirtualTime } from "../virtual_time.ts";
import { manualClock } from "../conformance/manual_clock.ts";

function recorder(): { events: JobLifecycleEvent[]; hooks: Hooks<Job> } {
  const events: JobLifecycleEvent[] = [];
  const note = (event: JobLifecycleEvent) => void events.push(event);
  return {
    events,
    hooks: {
      onJobStart: note,
      onJobComplete: note,
      onJobFail: note,
      onJobRetry: note,
      onJobTimeout: note,
      onJobCancel: note,
    },
  };
}

describe("hooks", () => {
  test("tell of the start and the completion, with job, attempt, duration, trace and correlation", async () => {
    const queue = new JobQueue({ store: memory() });
    const { events, hooks } = recorder();
    const { id, traceId } = await queue.enqueue("queue", { n: 1 }, { correlationId: "order-1" });
    await queue.worker("queue", () => "done", hooks).tick();
    const [start, complete] = events;
    assert.equal(events.length, 2);
    assert.deepEqual([start?.type, start?.job.status], ["start", "running"]);
    assert.ok(complete?.type === "complete");
    assert.deepEqual([complete.job.status, complete.job.result], ["completed", "done"]);
    assert.ok(complete.durationMs >= 0);
    for (const event of events) {
      assert.deepEqual([event.job.id, event.attempt, event.traceId, event.correlationId], [
        id,
        1,
        traceId,
        "order-1",
      ]);
    }
  });

  test("tell of a retry with its wait, then of the final failure", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const { events, hooks } = recorder();
    const backoff = { type: "fixed", delayMs: 500 } as const;
    await queue.enqueue("queue", {}, { maxAttempts: 2, backoff });
    const worker = queue.worker("queue", () => Promise.reject(new TypeError("503")), hooks);
    await worker.tick();
    clock.pass(500);
    await worker.tick();
    const [, retry, , fail] = events;
    assert.ok(retry?.type === "retry" && fail?.type === "fail");
    assert.deepEqual([retry.willRetry, retry.retryInMs, retry.attempt], [true, 500, 1]);
    assert.deepEqual([fail.willRetry, fail.attempt, fail.job.status], [false, 2, "failed"]);
    assert.deepEqual([retry.error.name, retry.error.message], ["TypeError", "503"]);
    assert.match(fail.error.stack ?? "", /hooks\.test|TypeError/);
  });

  test("tell of a timeout before the retry or the failure that follows from it", async () => {
    const queue = new JobQueue({ store: memory() });
    const { events, hooks } = recorder();
    await queue.enqueue("queue", {}, { maxAttempts: 2, backoff: { type: "fixed", delayMs: 0 } });
    await queue.worker("queue", () => new Promise(() => {}), { ...hooks, timeoutMs: 3 }).tick();
    assert.deepEqual(events.map(({ type }) => type), [
      "start",
      "timeout",
      "retry",
      "start",
      "timeout",
      "fail",
    ]);
  });

  test("tell of a job whose worker was lost, on the worker that swept its lease", async () => {
    const clock = manualClock();
    const store = memory({ now: clock.now });
    const queue = new JobQueue({ store });
    const { events, hooks } = recorder();
    await queue.enqueue("queue", {}, { maxAttempts: 1 });
    const claims = [{ queueName: "queue", limit: 1, leaseMs: 1_000 }];
    const { claimed: [job] } = await store.settleAndClaim({ settlements: [], claims });
    await store.extend([{ jobId: job!.id, leaseToken: job!.leaseToken }], { leaseMs: 1_000 });
    clock.pass(1_001);
    await queue.worker("queue", () => {}, { ...hooks, maintenanceMs: 0 }).tick();
    const [fail] = events;
    assert.ok(fail?.type === "fail");
    assert.deepEqual([fail.error.name, fail.attempt, fail.durationMs], [
      "LeaseLostError",
      1,
      1_001,
    ]);
  });

  test("tell how long a job waits whose worker was lost", async () => {
    const clock = manualClock();
    const store = memory({ now: clock.now });
    const queue = new JobQueue({ store });
    const { events, hooks } = recorder();
    const backoff = { type: "fixed", delayMs: 5_000 } as const;
    await queue.enqueue("queue", "begun", { backoff });
    await queue.enqueue("queue", "perhaps begun", { backoff });
    const claims = [{ queueName: "queue", limit: 2, leaseMs: 1_000 }];
    const { claimed: [job] } = await store.settleAndClaim({ settlements: [], claims });
    await store.extend([{ jobId: job!.id, leaseToken: job!.leaseToken }], { leaseMs: 1_000 });
    clock.pass(1_001);
    await queue.worker("queue", () => {}, { ...hooks, maintenanceMs: 0 }).tick();
    const retries = events.filter((event) => event.type === "retry");
    assert.deepEqual(
      retries.map(({ job, attempt, retryInMs, durationMs }) => [
        job.payload,
        job.status,
        attempt,
        retryInMs,
        durationMs,
      ]),
      [["begun", "retrying", 1, 5_000, 1_001], ["perhaps begun", "ready", 1, 0, 1_001]],
    );
  });

  test("are told only when the outcome is recorded", async () => {
    const queue = new JobQueue({ store: memory() });
    const statuses: (string | undefined)[] = [];
    const worker = queue.worker("queue", ({ payload }) => {
      if (payload === "bad") throw new NonRetryableError("bad");
    }, {
      onJobComplete: async ({ job }) => void statuses.push((await queue.get(job.id))?.status),
      onJobFail: async ({ job }) => void statuses.push((await queue.get(job.id))?.status),
    });
    await queue.enqueue("queue", "good");
    await queue.enqueue("queue", "bad");
    await worker.tick();
    assert.deepEqual(statuses.sort(), ["completed", "failed"]);
  });

  test("that throw or reject are reported and change nothing", async () => {
    const queue = new JobQueue({ store: memory() });
    const errors: unknown[] = [];
    const worker = queue.worker("queue", () => "done", {
      onJobStart: () => {
        throw new Error("start hook");
      },
      onJobComplete: () => Promise.reject(new Error("complete hook")),
      onError: (error) => {
        errors.push(error);
        throw new Error("even this");
      },
    });
    const { id } = await queue.enqueue("queue", {});
    assert.equal((await worker.tick()).completed, 1);
    const job = await queue.get(id);
    assert.deepEqual([job?.status, job?.attempts, job?.result], ["completed", 1, "done"]);
    assert.deepEqual(errors.map(String), ["Error: start hook", "Error: complete hook"]);
  });

  test("that hang are let go of during a run, and reported", async () => {
    await inVirtualTime(async (time) => {
      const queue = new JobQueue({ store: memory({ now: time.now }) });
      const errors: string[] = [];
      const worker = queue.worker("queue", () => {}, {
        onJobStart: () => new Promise(() => {}),
        onJobComplete: () => {},
        leaseMs: 1_000,
        onError: (error) => errors.push((error as Error).message),
      });
      const run = worker.run();
      await queue.enqueue(["a", "b", "c"].map((name) => job("queue", name)));
      await time.pause(900);
      assert.deepEqual(errors, []);
      await queue.enqueue("queue", "d");
      await time.pause(200);
      const late = "in queue have not returned within 1000 ms and are not waited for any more";
      assert.deepEqual(errors, [`Hooks for 3 events ${late}`]);
      await time.pause(1_000);
      assert.deepEqual(errors.slice(1), [`Hooks for 1 events ${late}`]);
      const stoppedAt = time.now();
      await worker.stop();
      assert.equal((await run).completed, 4);
      assert.ok(time.now() - stoppedAt < 100, "nothing is waited for");
    });
  });

  test("that hang hold a tick only for its stated time, and never a job", async () => {
    const queue = new JobQueue({ store: memory() });
    const hang = () => new Promise<void>(() => {});
    const errors: string[] = [];
    const worker = queue.worker("queue", () => {}, {
      onJobStart: hang,
      onJobComplete: hang,
      endTimeoutMs: 10,
      onError: (error) => errors.push((error as Error).message),
    });
    await queue.enqueue("queue", 1);
    await queue.enqueue("queue", 2);
    assert.equal((await worker.tick()).completed, 2);
    assert.match(errors.join(), /^Hooks for 4 events in queue have not returned within 10 ms/);
  });
});
