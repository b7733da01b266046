/**
 * One variant in a process of its own, measured whenever it is asked: a batch of jobs is enqueued one
 * by one and then worked off. Spans are sent within the side that made them.
 *
 * @module
 */
import process from "node:process";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { job, JobQueue, memory, type NewJob } from "../../mod.ts";
import { initTracing, type Tracing } from "../../src/tracing.ts";
import { burn } from "./burn.ts";
import { type Measured, samplingRatios, type Variant } from "./variant.ts";

/** What a subject is asked to do. */
export interface Task {
  /** How many jobs. */
  readonly jobs: number;
  /** How much CPU each job's handler takes, in microseconds. It is not counted. */
  readonly handlerMicros: number;
}

type Queues = { trivial: { n: number } };

const [variant, otlpEndpoint, slower] = process.argv.slice(2) as [Variant, string, string];

// Garbage is collected when the runtime likes, as anywhere; in several passes each gets its share.
// One pass must not make more spans than the exporter holds and sends at once.
const PASSES = 3;

async function measure(tracing: Tracing | undefined, task: Task): Promise<Measured> {
  const sum = { enqueue: 0, run: 0 };
  for (let i = 0; i < PASSES; i++) {
    const { enqueue, run } = await pass(tracing, task);
    sum.enqueue += enqueue;
    sum.run += run;
  }
  return { enqueue: sum.enqueue / PASSES, run: sum.run / PASSES };
}

async function pass(tracing: Tracing | undefined, task: Task): Promise<Measured> {
  const queue = new JobQueue<Queues>({ store: memory() });
  const jobs = Array.from({ length: task.jobs }, (_, n) => job("trivial", { n }));
  const enqueue = await cpuOf(tracing, () => enqueueAll(queue, jobs));
  let burnt = 0;
  const handler = () => {
    if (task.handlerMicros > 0) burnt += burn(task.handlerMicros);
  };
  const worker = queue.worker("trivial", handler, { concurrency: 100 });
  const run = await cpuOf(tracing, async () => {
    const { completed } = await worker.tick();
    if (completed !== jobs.length) {
      throw new Error(`${jobs.length} jobs were expected to complete: got ${completed}`);
    }
  });
  // What is dropped costs less than what is sent, and the figures would flatter.
  if (tracing && tracing.droppedSpans > 0) {
    throw new Error(`Every span was expected to be sent: ${tracing.droppedSpans} were dropped`);
  }
  return { enqueue: enqueue / jobs.length, run: (run - burnt) / jobs.length };
}

async function enqueueAll(
  queue: JobQueue<Queues>,
  jobs: readonly NewJob<"trivial", { n: number }>[],
): Promise<void> {
  for (const [i, one] of jobs.entries()) {
    await queue.enqueue(one);
    // As any store but memory does, it lets the exporter have its turn.
    if (i % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Microseconds of CPU of the whole process, with its collector of garbage and its compiler. */
async function cpuOf(tracing: Tracing | undefined, work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  await tracing?.forceFlush();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

async function setUp(): Promise<Tracing | undefined> {
  const samplingRatio = samplingRatios[variant];
  if (samplingRatio === undefined) return undefined;
  return await initTracing({
    serviceName: "overhead",
    otlpEndpoint,
    samplingRatio,
    spanProcessors: Number(slower) > 0 ? [wasting(Number(slower))] : [],
    env: {},
  });
}

/** Slows the traced path on purpose, to show that the guard notices. */
function wasting(microseconds: number): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: () => void burn(microseconds),
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

const tracing = await setUp();
process.on("message", async (task: Task) => process.send!(await measure(tracing, task)));
process.send!("ready");
