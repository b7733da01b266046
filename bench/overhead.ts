/**
 * What tracing costs a worker: CPU time for each job, with no SDK, with everything sampled out, and
 * with everything sampled and exported. The variants take turns in one process, in another order
 * each round, and each is compared with the untraced one of its own round, so that the machine's
 * moods cancel out.
 *
 * @module
 */
import process from "node:process";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { job, JobQueue, memory } from "../mod.ts";
import { initTracing, type Tracing } from "../src/tracing.ts";
import { startSink } from "./sink.ts";

/** How tracing is set up while jobs run. */
export type Variant = "noSdk" | "sampledOut" | "sampled";

/** What one variant cost, in microseconds of CPU for each job, and against the untraced variant. */
export interface Cost {
  readonly microseconds: number;
  readonly ratio: number;
}

const JOBS = 4_000;
const WARM_UP = 3;
const variants: readonly Variant[] = ["noSdk", "sampledOut", "sampled"];

/** Measures every variant in as many rounds. `slower` is CPU time to waste on each span, in µs. */
export async function measureOverhead(
  rounds: number,
  slower: number,
): Promise<Record<Variant, Cost>> {
  const sink = await startSink();
  const costs: Record<Variant, number[]> = { noSdk: [], sampledOut: [], sampled: [] };
  for (let round = -WARM_UP; round < rounds; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const variant = variants[(turn + round + WARM_UP) % variants.length]!;
      const cost = await measure(variant, sink.endpoint, slower);
      if (round >= 0) costs[variant].push(cost);
    }
  }
  await sink.stop();
  return {
    noSdk: summary(costs.noSdk, costs.noSdk),
    sampledOut: summary(costs.sampledOut, costs.noSdk),
    sampled: summary(costs.sampled, costs.noSdk),
  };
}

/** CPU for each job of one drain; the enqueue before it is not counted. */
async function measure(variant: Variant, otlpEndpoint: string, slower: number): Promise<number> {
  const tracing = await setUp(variant, otlpEndpoint, slower);
  const queue = new JobQueue<{ trivial: { n: number } }>({ store: memory() });
  for (let n = 0; n < JOBS; n++) await queue.enqueue(job("trivial", { n }));
  await tracing?.forceFlush();
  const worker = queue.worker("trivial", () => {}, { concurrency: 100 });
  (globalThis as { gc?: () => void }).gc?.();
  const before = process.cpuUsage();
  const { completed } = await worker.tick();
  await tracing?.forceFlush();
  const { user, system } = process.cpuUsage(before);
  await tracing?.shutdown();
  if (completed !== JOBS) {
    throw new Error(`${JOBS} jobs were expected to complete: got ${completed}`);
  }
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

function summary(costs: readonly number[], untraced: readonly number[]): Cost {
  return {
    microseconds: median(costs),
    ratio: median(costs.map((cost, round) => cost / untraced[round]!)),
  };
}

function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}
