/**
 * What tracing costs: CPU time for each job, where it is enqueued and where it runs, with no SDK,
 * with everything sampled out, and with everything sampled and exported. The variants take turns in
 * one process, in another order each round, and each is compared with the untraced one of its own
 * round, so that the machine's moods cancel out.
 *
 * @module
 */
import process from "node:process";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { job, JobQueue, memory, type NewJob } from "../mod.ts";
import { initTracing, type Tracing } from "../src/tracing.ts";
import { startSink } from "./sink.ts";

/** How tracing is set up while jobs run. */
export type Variant = "noSdk" | "sampledOut" | "sampled";

/** Which half of a job's way: into the store, or out of it to its end. */
export type Side = "enqueue" | "run";

/** What one variant cost, in microseconds of CPU for each job, and against the untraced variant. */
export interface Cost {
  readonly side: Side;
  readonly variant: Variant;
  readonly microseconds: number;
  readonly ratio: number;
}

const JOBS = 4_000;
const WARM_UP = 3;
/** Each variant, the untraced one first. */
export const variants: readonly Variant[] = ["noSdk", "sampledOut", "sampled"];
/** Each side, in a job's order. */
export const sides: readonly Side[] = ["enqueue", "run"];

type Measured = Record<Side, number>;
type Rounds = Record<Variant, Measured[]>;

/** Measures every variant in as many rounds. `slower` is CPU time to waste on each span, in µs. */
export async function measureOverhead(rounds: number, slower: number): Promise<readonly Cost[]> {
  const sink = await startSink();
  try {
    return await measureRounds(sink.endpoint, rounds, slower);
  } finally {
    await sink.stop();
  }
}

async function measureRounds(
  otlpEndpoint: string,
  rounds: number,
  slower: number,
): Promise<readonly Cost[]> {
  const measured: Rounds = { noSdk: [], sampledOut: [], sampled: [] };
  for (let round = -WARM_UP; round < rounds; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = variants[(turn + round + WARM_UP) % variants.length]!;
      const costs = await measure(variant, otlpEndpoint, slower);
      if (round >= 0) measured[variant].push(costs);
    }
  }
  return sides.flatMap((side) => variants.map((variant) => summary(measured, side, variant)));
}

/** CPU for each job of one enqueue and one drain; spans are sent within the side that made them. */
async function measure(variant: Variant, otlpEndpoint: string, slower: number): Promise<Measured> {
  const tracing = await setUp(variant, otlpEndpoint, slower);
  const queue = new JobQueue<{ trivial: { n: number } }>({ store: memory() });
  const jobs = Array.from({ length: JOBS }, (_, n) => job("trivial", { n }));
  const enqueue = await cpuOf(tracing, () => enqueueAll(queue, jobs));
  const worker = queue.worker("trivial", () => {}, { concurrency: 100 });
  const run = await cpuOf(tracing, async () => {
    const { completed } = await worker.tick();
    if (completed !== JOBS) {
      throw new Error(`${JOBS} jobs were expected to complete: got ${completed}`);
    }
  });
  await tracing?.shutdown();
  // What is dropped costs less than what is sent, and the figures would flatter.
  if (tracing && tracing.droppedSpans > 0) {
    throw new Error(`Every span was expected to be sent: ${tracing.droppedSpans} were dropped`);
  }
  return { enqueue, run };
}

async function enqueueAll(
  queue: JobQueue<{ trivial: { n: number } }>,
  jobs: readonly NewJob<"trivial", { n: number }>[],
): Promise<void> {
  for (const [i, one] of jobs.entries()) {
    await queue.enqueue(one);
    // As any store but memory does, it lets the exporter have its turn.
    if (i % 200 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

async function cpuOf(tracing: Tracing | undefined, work: () => Promise<void>): Promise<number> {
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.cpuUsage();
  await work();
  await tracing?.forceFlush();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / JOBS;
}

function setUp(
  variant: Variant,
  otlpEndpoint: string,
  slower: number,
): Promise<Tracing> | undefined {
  if (variant === "noSdk") return undefined;
  return initTracing({
    serviceName: "overhead",
    otlpEndpoint,
    samplingRatio: variant === "sampled" ? 1 : 0,
    spanProcessors: slower > 0 ? [wasting(slower)] : [],
    env: {},
  });
}

/** Slows the traced path on purpose, to show that the guard notices. */
function wasting(microseconds: number): SpanProcessor {
  return {
    onStart: () => {},
    onEnd: () => {
      const until = performance.now() + microseconds / 1_000;
      while (performance.now() < until);
    },
    forceFlush: () => Promise.resolve(),
    shutdown: () => Promise.resolve(),
  };
}

function summary(measured: Rounds, side: Side, variant: Variant): Cost {
  const costs = measured[variant].map((one) => one[side]);
  const ratios = costs.map((cost, round) => cost / measured.noSdk[round]![side]);
  return { side, variant, microseconds: median(costs), ratio: median(ratios) };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
