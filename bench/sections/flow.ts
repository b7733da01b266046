/**
 * The way of a job at its fastest: into the store, out of it to its end, and how soon it starts.
 *
 * @module
 */
import { figure, quantile } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { fill } from "../setting/filled.ts";
import { measure, startMeasuring } from "../setting/measure.ts";
import type { StoreKind } from "../setting/places.ts";
import type { BenchRuntime } from "../setting/runtimes.ts";
import { type Bench, inTurn } from "./section.ts";

const allJobs = 50_000;
const callers = [1, 16, 128] as const;
type Callers = `singly${typeof callers[number]}`;
type Column =
  | Callers
  | "bulk"
  | "drain10"
  | "drain100"
  | "cpu"
  | "serverCpu"
  | "memory"
  | `${"here" | "elsewhere"}${50 | 99}`;

/** A store on a runtime. */
interface Pair {
  readonly store: StoreKind;
  readonly runtime: BenchRuntime;
}

/** Measures every store on every runtime. */
export async function flow(bench: Bench): Promise<readonly Block[]> {
  const pairs = bench.stores.flatMap((store) =>
    bench.runtimes.map((runtime) => ({ store, runtime }))
  );
  const samples = new Samples<Column>();
  await inTurn(bench, pairs, nameOf, async (pair) => {
    await enqueueOnce(bench, pair, samples);
    await drainOnce(bench, pair, 10, samples);
    await drainOnce(bench, pair, 100, samples);
    await latencyOnce(bench, pair, samples);
  });
  const rows = (...columns: Column[]) =>
    pairs.map((pair) => [
      pair.store.name,
      pair.runtime.title,
      ...columns.map((column) => figure(samples.of(nameOf(pair), column))),
    ]);
  return [{
    name: "enqueue",
    about: "Jobs enqueued in a second: one a call, by so many callers at once, and 1,000 a call.",
    table: table(
      ["store", "runtime", "1 caller", "16 callers", "128 callers", "1,000 a call"],
      rows("singly1", "singly16", "singly128", "bulk"),
      2,
    ),
  }, {
    name: "drain",
    about:
      `${
        (allJobs / bench.shrink).toLocaleString("en")
      } jobs that do nothing, drained by one process: jobs a ` +
      "second at concurrency 10 and 100; at 10 also its CPU and the server's for 1,000 jobs, and " +
      "its memory afterwards.",
    table: table(
      ["store", "runtime", "10 at once", "100 at once", "CPU ms", "server CPU ms", "memory MB"],
      rows("drain10", "drain100", "cpu", "serverCpu", "memory"),
      2,
    ),
  }, {
    name: "latency",
    about: "From the call that enqueues a job to its start on an idle queue, in ms: enqueued by " +
      "the worker's process, and by another one.",
    table: table(
      ["store", "runtime", "p50", "p99", "p50, other process", "p99, other process"],
      rows("here50", "here99", "elsewhere50", "elsewhere99"),
      2,
    ),
  }];
}

async function enqueueOnce(
  { shrink }: Bench,
  pair: Pair,
  samples: Samples<Column>,
): Promise<void> {
  await using place = await pair.store.open();
  const { single, bulk } = await measure(pair.runtime, "enqueue", {
    address: place.address,
    callers,
    forMs: 800 / shrink,
    bulk: allJobs / shrink,
  });
  const [singly1, singly16, singly128] = single;
  samples.add(nameOf(pair), {
    singly1: singly1!,
    singly16: singly16!,
    singly128: singly128!,
    bulk,
  });
}

async function drainOnce(
  { shrink }: Bench,
  pair: Pair,
  concurrency: 10 | 100,
  samples: Samples<Column>,
): Promise<void> {
  const { store, runtime } = pair;
  await using place = await store.open();
  const { address } = place;
  const jobs = allJobs / shrink;
  if (address !== "memory") await fill(address, jobs);
  const before = store.serverCpuMs?.();
  const { jobsPerSecond, cpuMs, memoryMb } = await measure(runtime, "drain", {
    address,
    jobs,
    concurrency,
  });
  if (concurrency === 100) return samples.add(nameOf(pair), { drain100: jobsPerSecond });
  samples.add(nameOf(pair), { drain10: jobsPerSecond, cpu: cpuMs, memory: memoryMb });
  if (before === undefined) return;
  samples.add(nameOf(pair), { serverCpu: (store.serverCpuMs!() - before) / jobs * 1_000 });
}

async function latencyOnce(
  { shrink }: Bench,
  pair: Pair,
  samples: Samples<Column>,
): Promise<void> {
  const { store, runtime } = pair;
  const jobs = 200 / shrink;
  await using place = await store.open();
  const { address } = place;
  const here = await measure(runtime, "latency", { address, jobs });
  samples.add(nameOf(pair), { here50: quantile(here, 0.5), here99: quantile(here, 0.99) });
  if (address === "memory") return;
  await using other = await store.open();
  await using worker = startMeasuring(runtime, "latencyElsewhere", {
    address: other.address,
    jobs,
  });
  await worker.ready();
  await measure(runtime, "enqueueElsewhere", { address: other.address, jobs });
  const elsewhere = await worker.answer();
  samples.add(nameOf(pair), {
    elsewhere50: quantile(elsewhere, 0.5),
    elsewhere99: quantile(elsewhere, 0.99),
  });
}

function nameOf({ store, runtime }: Pair): string {
  return `${store.name} on ${runtime.title}`;
}
