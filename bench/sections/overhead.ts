/**
 * What tracing costs: a job, with it and without; a job of 3 ms; and a batch in our exporter and in
 * the stock one.
 *
 * @module
 */
import { measureExporters } from "../exporter.ts";
import { type Cost, measureOverhead } from "../overhead.ts";
import { variantNames, variants } from "../overhead/variant.ts";
import { figure } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { table } from "../report/table.ts";
import type { Bench } from "./section.ts";

// Its rounds are short and differ much.
const FEWEST_ROUNDS = 15;
const LONG_MICROS = 3_000;

/** Measures on the memory store. */
export async function overhead({ rounds, tell }: Bench): Promise<readonly Block[]> {
  const count = Math.max(rounds, FEWEST_ROUNDS);
  tell("overhead: trivial jobs");
  const trivial = await trivialJobs(count);
  tell("overhead: jobs of 3 ms");
  const long = await longJobs();
  tell("overhead: exporters");
  return [trivial, long, await exporters(count)];
}

async function trivialJobs(rounds: number): Promise<Block> {
  const costs = await measureOverhead({
    variants: variants.slice(1),
    task: { jobs: 4_000, handlerMicros: 0 },
    rounds,
    warmUp: 3,
  });
  return {
    name: "overhead",
    about:
      "CPU for each trivial job on the memory store, in µs, and how much more than in a build " +
      "without tracing in the same round. Such a build has no scope either.",
    table: table(
      ["side", "tracing", "µs a job", "more than without"],
      costs.map(({ side, variant, whole, extra }) => [
        side,
        variantNames[variant],
        figure(whole),
        figure(extra),
      ]),
      2,
    ),
  };
}

async function longJobs(): Promise<Block> {
  const costs = await measureOverhead({
    variants: ["noSdk", "sampled"],
    task: { jobs: 256, handlerMicros: LONG_MICROS },
    rounds: 9,
    warmUp: 20,
  });
  const traced = costs.filter(({ side, variant }) => side === "run" && variant !== "without");
  return {
    name: "overhead-long",
    about: "The same where jobs run that take 3 ms of CPU, without these, and of these in %.",
    table: table(
      ["tracing", "more than without, µs a job", "% of CPU"],
      traced.map((cost) => [variantNames[cost.variant], figure(cost.extra), figure(percent(cost))]),
    ),
  };
}

function percent({ extra }: Cost): readonly number[] {
  return extra.map((micros) => 100 * micros / LONG_MICROS);
}

async function exporters(rounds: number): Promise<Block> {
  const costs = await measureExporters(rounds);
  return {
    name: "exporter",
    about: "512 spans of a worker, encoded, and encoded and sent to a collector on this machine. " +
      "Ours writes one body after the other into the same memory.",
    table: table(
      ["work", "exporter", "µs of CPU", "kB allocated"],
      costs.map(({ work, exporter, micros, bytes }) => [
        work,
        exporter,
        figure(micros),
        figure(bytes.map((count) => count / 1_000)),
      ]),
      2,
    ),
  };
}
