/**
 * The way of a job at its fastest: into the store, out of it to its end, and how soon it starts.
 *
 * @module
 */
import { figure } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { waitingPostgresKind } from "../setting/places.ts";
import {
  drainFlow,
  enqueueFlow,
  type FlowColumn,
  type FlowSizes,
  latencyFlow,
  type Pair,
} from "./flow_pair.ts";
import { type Bench, inTurn } from "./section.ts";

const full: FlowSizes = { jobs: 50_000, singleMs: 500, latencies: 200 };

/** Measures every store on every runtime. */
export async function flow(bench: Bench): Promise<readonly Block[]> {
  const sizes: FlowSizes = {
    jobs: full.jobs / bench.shrink,
    singleMs: full.singleMs / bench.shrink,
    latencies: full.latencies / bench.shrink,
  };
  const pairs = bench.stores.flatMap((store) =>
    bench.runtimes.map((runtime) => ({ store, runtime }))
  );
  const drained = [...pairs, ...waitingPairs(bench)];
  const samples = new Samples<FlowColumn>();
  await inTurn(bench, drained, nameOf, async (pair) => {
    samples.add(nameOf(pair), await drainFlow(pair, sizes));
    if (!pairs.includes(pair)) return;
    samples.add(nameOf(pair), await enqueueFlow(pair, sizes));
    samples.add(nameOf(pair), await latencyFlow(pair, sizes));
  });
  return [
    enqueueBlock(pairs, samples),
    drainBlock(drained, samples, sizes),
    latencyBlock(pairs, samples),
  ];
}

/** Postgres in its other mode, for a comparison. */
function waitingPairs({ stores, server, node }: Bench): readonly Pair[] {
  const hasPostgres = stores.some(({ name }) => name === "Postgres");
  return hasPostgres ? [{ store: waitingPostgresKind(server), runtime: node }] : [];
}

function enqueueBlock(pairs: readonly Pair[], samples: Samples<FlowColumn>): Block {
  return {
    name: "enqueue",
    about: "Jobs enqueued in a second: one a call, by so many callers at once, and 1,000 a call.",
    table: table(
      ["store", "runtime", "1 caller", "16 callers", "128 callers", "1,000 a call"],
      rowsOf(pairs, samples, ["singly1", "singly16", "singly128", "bulk"]),
      2,
    ),
  };
}

function drainBlock(
  pairs: readonly Pair[],
  samples: Samples<FlowColumn>,
  { jobs }: FlowSizes,
): Block {
  return {
    name: "drain",
    about: `${jobs.toLocaleString("en")} jobs that do nothing, drained by one process: jobs a ` +
      "second at concurrency 10 and 100; at 10 also its CPU and the server's for 1,000 jobs, and " +
      "its memory afterwards.",
    table: table(
      ["store", "runtime", "10 at once", "100 at once", "CPU ms", "server CPU ms", "memory MB"],
      rowsOf(pairs, samples, ["drain10", "drain100", "cpu", "serverCpu", "memory"]),
      2,
    ),
  };
}

function latencyBlock(pairs: readonly Pair[], samples: Samples<FlowColumn>): Block {
  return {
    name: "latency",
    about: "From the call that enqueues a job to its start on an idle queue, in ms: enqueued by " +
      "the worker's process, and by another one.",
    table: table(
      ["store", "runtime", "p50", "p99", "p50, other process", "p99, other process"],
      rowsOf(pairs, samples, ["here50", "here99", "elsewhere50", "elsewhere99"]),
      2,
    ),
  };
}

function rowsOf(
  pairs: readonly Pair[],
  samples: Samples<FlowColumn>,
  columns: readonly FlowColumn[],
): readonly (readonly string[])[] {
  return pairs.map((pair) => [
    pair.store.name,
    pair.runtime.title,
    ...columns.map((column) => figure(samples.of(nameOf(pair), column))),
  ]);
}

function nameOf({ store, runtime }: Pair): string {
  return `${store.name} on ${runtime.title}`;
}
