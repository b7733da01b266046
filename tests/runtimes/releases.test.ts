import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type JobLifecycleEvent, JobQueue, memory, type WorkerOptions } from "../../mod.ts";

describe("a job that is released at every stop", () => {
  test("is not charged ten times in a row, and the next time is", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 1 });
    for (let stops = 1; stops <= 10; stops++) {
      assert.equal((await stopped(queue)).released, 1);
      const { status, attempts, releases } = (await queue.get(id))!;
      assert.deepEqual([status, attempts, releases], ["ready", 0, stops]);
    }
    assert.equal((await stopped(queue)).failed, 1);
    const { status, attempts, releases, error, attemptHistory } = (await queue.get(id))!;
    assert.deepEqual([status, attempts, releases], ["failed", 1, 0]);
    assert.equal(error?.name, "WorkerStoppedError");
    assert.match(error.message, /11\. time in a row/);
    assert.deepEqual(
      attemptHistory.map((one) => [one.attempt, one.outcome]),
      Array(11).fill([1, "released"]),
    );
    assert.deepEqual(attemptHistory.filter((one) => one.error !== undefined).length, 1);
  });

  test("is retried after its back-off while it has attempts left, and counted anew", async () => {
    const queue = new JobQueue({ store: memory() });
    const events: JobLifecycleEvent[] = [];
    const options: WorkerOptions = {
      maxReleases: 1,
      backoff: { type: "fixed", delayMs: 60_000 },
      onJobRetry: (event) => void events.push(event),
    };
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 2 });
    assert.equal((await stopped(queue, options)).released, 1);
    assert.equal((await stopped(queue, options)).retried, 1);
    const { status, attempts, releases } = (await queue.get(id))!;
    assert.deepEqual([status, attempts, releases], ["retrying", 1, 0]);
    const [event, ...more] = events;
    assert.deepEqual(more, []);
    assert.ok(event?.type === "retry");
    assert.deepEqual(
      [event.attempt, event.retryInMs, event.error.name, event.job.status, event.job.releases],
      [1, 60_000, "WorkerStoppedError", "retrying", 0],
    );
  });

  test("is charged at once where no release is free", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("queue", {}, { maxAttempts: 1 });
    assert.equal((await stopped(queue, { maxReleases: 0 })).failed, 1);
  });

  test("starts a new row when an attempt ended in another way", async () => {
    const queue = new JobQueue({ store: memory() });
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 9 });
    const options: WorkerOptions = { maxReleases: 2, backoff: { type: "fixed", delayMs: 0 } };
    const fail = queue.worker("queue", () => {
      throw new Error("once");
    }, options);
    await stopped(queue, options);
    await stopped(queue, options);
    await fail.tick({ maxJobs: 1 });
    assert.equal((await queue.get(id))?.releases, 0);
    await stopped(queue, options);
    assert.deepEqual([(await queue.get(id))?.releases, (await queue.get(id))?.attempts], [1, 1]);
  });

  test("has a limit that is a whole number", () => {
    const queue = new JobQueue({ store: memory() });
    for (const maxReleases of [-1, 1.5, 40_000, NaN]) {
      assert.throws(
        () => queue.worker("queue", () => {}, { maxReleases }),
        /maxReleases must be a whole number from 0 to 32767: got/,
      );
    }
  });
});

/** Starts the job, and stops its worker while the handler runs. */
async function stopped(queue: JobQueue, options: WorkerOptions = {}) {
  const worker = queue.worker("queue", async () => {
    void worker.stop({ timeoutMs: 0 });
    await new Promise(() => {});
  }, options);
  return await worker.tick();
}
