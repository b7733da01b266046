import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import type { Answer } from "../collector.ts";
import { openCollector } from "./collector.ts";
import { endTracing, init, warningsOf } from "./init_tracing.ts";

afterEach(endTracing);

const JOBS = 200;
// One send span and one process span for each job.
const SPANS = 2 * JOBS;
const QUEUE = 64;
const BATCH = 8;
// Six batches are on their way at most.
const MOST_HELD = QUEUE + 6 * BATCH;
const SOON_MS = 60;

const limits = {
  OTEL_BSP_MAX_QUEUE_SIZE: String(QUEUE),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(BATCH),
  OTEL_BSP_SCHEDULE_DELAY: "5",
};

/** Runs jobs, ten at once, while their spans go to a collector that answers so. */
async function runJobs(otlpEndpoint: string, exportTimeoutMs: number) {
  const ran: number[] = [];
  let [completed, lostBefore, lost] = [0, 0, 0];
  const warnings = await warningsOf(async () => {
    const tracing = await init({ otlpEndpoint, env: limits, exportTimeoutMs });
    const queue = new JobQueue<{ work: { n: number } }>({ store: memory() });
    const worker = queue.worker("work", async ({ payload }) => {
      // Every handler lets go once, so that exports run in between.
      await new Promise((resolve) => setTimeout(resolve, 0));
      ran.push(payload.n);
    });
    for (let n = 0; n < JOBS; n++) {
      await queue.enqueue("work", { n });
      // What is sent in one turn would not count as held by a collector that is slow.
      if (n % BATCH === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
    while (ran.length < JOBS) await worker.tick({ maxJobs: 10 });
    completed = (await queue.find({ status: "completed", limit: JOBS })).jobs.length;
    lostBefore = tracing.droppedSpans;
    await tracing.shutdown();
    lost = tracing.droppedSpans;
  });
  return { ran, completed, warnings, lostBefore, lost };
}

const inOrder = Array.from({ length: JOBS }, (_, n) => n);

describe("jobs complete in order, each once, and what is lost is counted and said once, while", () => {
  const answers: Record<string, Answer> = {
    "refuses everything": { status: 400, body: '{"message":"no"}' },
    "has no time": { status: 503, headers: { "retry-after": "0" } },
    "asks to come back in an hour": { status: 429, headers: { "retry-after": "3600" } },
    "never answers": { hang: true },
    "answers too late": { delayMs: 5 * SOON_MS },
    "ends the connection": { disconnect: true },
    "refuses and breaks off": { status: 500, breakOff: true },
    "refuses with four megabytes": { status: 400, bodyBytes: 4 * 1024 * 1024 },
    "rejects what it accepts": {
      body: '{"partialSuccess":{"rejectedSpans":"99","errorMessage":"too old"}}',
    },
  };
  for (const [what, answer] of Object.entries(answers)) {
    it(`the collector ${what}`, async () => {
      const collector = await openCollector();
      await collector.answerWith({ ...answer, times: 1_000 });
      const { ran, completed, warnings, lostBefore, lost } = await runJobs(
        collector.endpoint,
        SOON_MS,
      );
      assert.deepEqual(ran, inOrder);
      assert.equal(completed, JOBS);
      assert.equal(lost, SPANS);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0]!, /^Spans were lost \(\d+\): The collector at /);
      assert.ok(SPANS - lostBefore <= MOST_HELD, `${SPANS - lostBefore} spans were held`);
    });
  }

  it("nothing listens where the collector should be", async () => {
    const { ran, completed, warnings, lost } = await runJobs(
      "http://127.0.0.1:49151",
      SOON_MS,
    );
    assert.deepEqual(ran, inOrder);
    assert.equal(completed, JOBS);
    assert.equal(lost, SPANS);
    assert.equal(warnings.length, 1);
  });
});

describe("nothing is lost but what the queue has no room for, while the collector", () => {
  const answers: Record<string, Answer> = {
    "is slow": { delayMs: 10 },
    "answers with garbage": { body: "<html>{" },
    "breaks off its answer": { breakOff: true },
    "answers with four megabytes": { bodyBytes: 4 * 1024 * 1024 },
  };
  for (const [what, answer] of Object.entries(answers)) {
    it(what, async () => {
      const collector = await openCollector();
      await collector.answerWith({ ...answer, times: 1_000 });
      // Time enough that no answer is given up: who gives up cannot know whether it arrived.
      const { ran, completed, lost } = await runJobs(collector.endpoint, 20_000);
      assert.deepEqual(ran, inOrder);
      assert.equal(completed, JOBS);
      const arrived = await collector.spans();
      assert.ok(arrived.length > 0);
      assert.equal(arrived.length + lost, SPANS);
    });
  }
});

it("a producer that never lets go loses no span, though more come than the queue holds", async () => {
  const collector = await openCollector();
  const tracing = await init({ otlpEndpoint: collector.endpoint });
  const queue = new JobQueue({ store: memory() });
  // The queue holds 2,048 spans, and six batches 3,072.
  for (let n = 0; n < 6_000; n++) await queue.enqueue("work", { n });
  await tracing.forceFlush();
  assert.equal(tracing.droppedSpans, 0);
  assert.equal((await collector.spans()).length, 6_000);
});
