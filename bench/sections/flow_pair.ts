/**
 * The measurements of one store on one runtime.
 *
 * @module
 */
import { quantile } from "../report/figures.ts";
import { type DrainedPlace, drainPlace } from "../setting/drain_place.ts";
import { fill } from "../setting/filled.ts";
import { measure, startMeasuring } from "../setting/measure.ts";
import type { StoreKind } from "../setting/places.ts";
import type { BenchRuntime } from "../setting/runtimes.ts";

/** A store on a runtime. */
export interface Pair {
  readonly store: StoreKind;
  readonly runtime: BenchRuntime;
}

/** How much is done. */
export interface FlowSizes {
  readonly jobs: number;
  readonly singleMs: number;
  readonly latencies: number;
}

/** What is measured, one number each. */
export type FlowColumn =
  | `singly${typeof callers[number]}`
  | "bulk"
  | "drain10"
  | "drain100"
  | "cpu"
  | "serverCpu"
  | "memory"
  | `${"here" | "elsewhere"}${50 | 99}`;

/** Some of it. */
export type Flowed = Readonly<Partial<Record<FlowColumn, number>>>;

const callers = [1, 16, 128] as const;

/** Enqueues one by one and in bulk. */
export async function enqueueFlow(
  { store, runtime }: Pair,
  { jobs, singleMs }: FlowSizes,
): Promise<Flowed> {
  await using place = await store.open();
  const { single, bulk } = await measure(runtime, "enqueue", {
    address: place.address,
    callers,
    forMs: singleMs,
    bulk: jobs,
  });
  const singly = callers.map((count, i) => [`singly${count}`, single[i]]);
  return { ...Object.fromEntries(singly), bulk };
}

/** Drains at 10 and at 100 jobs at once. */
export async function drainFlow(pair: Pair, sizes: FlowSizes): Promise<Flowed> {
  const { jobsPerSecond, cpuMs, serverCpuMs, memoryMb } = await drainFilled(pair, sizes, 10);
  return {
    drain10: jobsPerSecond,
    cpu: cpuMs,
    memory: memoryMb,
    ...(serverCpuMs !== undefined && { serverCpu: serverCpuMs }),
    drain100: (await drainFilled(pair, sizes, 100)).jobsPerSecond,
  };
}

async function drainFilled(
  { store, runtime }: Pair,
  { jobs }: FlowSizes,
  concurrency: number,
): Promise<DrainedPlace> {
  await using place = await store.open();
  const { address } = place;
  if (address !== "memory") await fill(address, jobs);
  return await drainPlace(runtime, store, { address, jobs, concurrency });
}

/** Takes the times from enqueue to start, within a process and between two. */
export async function latencyFlow(
  { store, runtime }: Pair,
  { latencies }: FlowSizes,
): Promise<Flowed> {
  await using place = await store.open();
  const { address } = place;
  const here = await measure(runtime, "latency", { address, jobs: latencies });
  const atOnce = { here50: quantile(here, 0.5), here99: quantile(here, 0.99) };
  if (address === "memory") return atOnce;
  await using other = await store.open();
  const jobs = { address: other.address, jobs: latencies };
  await using worker = startMeasuring(runtime, "latencyElsewhere", jobs);
  await worker.ready();
  await measure(runtime, "enqueueElsewhere", jobs);
  const elsewhere = await worker.answer();
  return {
    ...atOnce,
    elsewhere50: quantile(elsewhere, 0.5),
    elsewhere99: quantile(elsewhere, 0.99),
  };
}
