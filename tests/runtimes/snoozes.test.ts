import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { metrics, SpanStatusCode } from "@opentelemetry/api";
import { type JobLifecycleEvent, JobQueue, memory, RetryAfterError } from "../../mod.ts";
import type { Tracing } from "../../src/tracing.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { registerMeter } from "./meter.ts";
import { recordSpans } from "./recorded_spans.ts";

let tracing: Tracing | undefined;

afterEach(async () => {
  metrics.disable();
  await tracing?.shutdown();
  tracing = undefined;
});

describe("a handler that throws a RetryAfterError", () => {
  test("is run again a thousand times in a row, and fails the next time", async () => {
    const queue = new JobQueue({ store: memory() });
    const worker = queue.worker("queue", () => {
      throw new RetryAfterError({ delayMs: 0 });
    });
    const { id } = await queue.enqueue("queue", {}, { maxAttempts: 9 });
    const { snoozed, failed } = await worker.tick();
    assert.deepEqual([snoozed, failed], [1_000, 1]);
    const { status, attempts, error } = (await queue.get(id))!;
    assert.deepEqual([status, attempts], ["failed", 1]);
    assert.match(error!.message, /for the 1001\. time in a row/);
    assert.match(error!.stack!, /Caused by: RetryAfterError: To be run again after 0 ms/);
  });

  test("fails at once where no snooze is allowed", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("queue", {}, { maxAttempts: 9 });
    const worker = queue.worker("queue", () => {
      throw new RetryAfterError({ delayMs: 1 });
    }, { maxSnoozes: 0 });
    assert.equal((await worker.tick()).failed, 1);
  });

  test("may reject with it, and with one of a class of its own", async () => {
    class Throttled extends RetryAfterError {}
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const worker = queue.worker("queue", async () => {
      await undefined;
      throw new Throttled({ delayMs: 5_000 });
    });
    const { id } = await queue.enqueue("queue", {});
    assert.equal((await worker.tick()).snoozed, 1);
    assert.equal((await queue.get(id))!.runAt.getTime(), clock.now() + 5_000);
  });

  test("has a span of its own for each attempt, without an error, and the next links to it", async () => {
    const kept = await recordSpans();
    tracing = kept.tracing;
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    let calls = 0;
    const worker = queue.worker("queue", () => {
      if (++calls <= 2) throw new RetryAfterError({ delayMs: 1_000 });
    });
    await queue.enqueue("queue", {});
    for (let tick = 0; tick < 3; tick++) {
      await worker.tick();
      clock.pass(1_000);
    }
    const attempts = kept.spans.all("process queue");
    assert.deepEqual(
      attempts.map(({ attributes }) => attributes["hammerwork.job.outcome"]),
      ["snoozed", "snoozed", "completed"],
    );
    assert.deepEqual(
      attempts.map(({ attributes }) => attributes["hammerwork.job.attempt"]),
      [1, 1, 1],
    );
    for (const [i, { status, events, attributes, links }] of attempts.entries()) {
      assert.deepEqual(status, { code: SpanStatusCode.UNSET });
      assert.deepEqual(events, []);
      assert.equal(attributes["error.type"], undefined);
      if (i === 0) continue;
      const before = attempts[i - 1]!.spanContext().spanId;
      assert.ok(links.some(({ context }) => context.spanId === before));
    }
  });

  test("is measured as an attempt without an error", async () => {
    const meter = registerMeter();
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("queue", {});
    const worker = queue.worker("queue", () => {
      throw new RetryAfterError({ delayMs: 60_000 });
    });
    await worker.tick();
    const durations = await meter.values("messaging.process.duration", "error.type");
    assert.deepEqual(Object.values(durations), [1]);
    assert.ok(!Object.keys(durations).join().includes("Error"));
  });

  test("calls no hook but that of the start; a failure for the last time has its own", async () => {
    const events: JobLifecycleEvent[] = [];
    const note = (event: JobLifecycleEvent) => void events.push(event);
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("queue", {});
    const worker = queue.worker("queue", () => {
      throw new RetryAfterError({ delayMs: 0 });
    }, { maxSnoozes: 2, onJobStart: note, onJobRetry: note, onJobFail: note });
    await worker.tick();
    assert.deepEqual(
      events.map(({ type, attempt, job }) => [type, attempt, job.snoozes]),
      [["start", 1, 0], ["start", 1, 1], ["start", 1, 2], ["fail", 1, 0]],
    );
  });

  test("says why the queue is paused in at most 1,000 characters that every store accepts", async () => {
    const store = memory();
    const queue = new JobQueue({ store });
    const worker = queue.worker("queue", () => {
      const message = `\u0000${"\u{1f980}".repeat(1_000)}`;
      throw new RetryAfterError({ delayMs: 60_000, pauseQueue: true, message });
    });
    await queue.enqueue("queue", {});
    await worker.tick();
    const [{ pause } = {}] = await store.settings();
    assert.match(pause!.reason!, /^Asked by a job: \ufffd\u{1f980}{491}\ufffd$/u);
  });

  test("names a time that is a whole number of ms, and at most a year", () => {
    for (const delayMs of [-1, 1.5, NaN, Infinity, 366 * 86_400_000]) {
      assert.throws(
        () => new RetryAfterError({ delayMs }),
        /delayMs must be a whole number from 0 to 31536000000: got/,
      );
    }
    const cause = new Error("429");
    const error = new RetryAfterError({ delayMs: 7, cause });
    assert.deepEqual([error.delayMs, error.pauseQueue, error.cause], [7, false, cause]);
    assert.equal(error.message, "To be run again after 7 ms");
  });

  test("has a limit that is a whole number", () => {
    const queue = new JobQueue({ store: memory() });
    for (const maxSnoozes of [-1, 1.5, 40_000, NaN]) {
      assert.throws(
        () => queue.worker("queue", () => {}, { maxSnoozes }),
        /maxSnoozes must be a whole number from 0 to 32767: got/,
      );
    }
  });
});
