/**
 * What tracing costs: the guard's own measurement, as a table.
 *
 * @module
 */
import { measureOverhead } from "../overhead.ts";
import type { Block } from "../report/results.ts";
import { table } from "../report/table.ts";
import type { Bench } from "./section.ts";

/** Measures on the memory store, in this process. */
export async function overhead({ rounds, tell }: Bench): Promise<readonly Block[]> {
  tell("overhead");
  const costs = await measureOverhead(Math.max(rounds, fewestRounds), 0);
  return [{
    name: "overhead",
    about: "CPU for each job on the memory store, against no tracing in the same round.",
    table: table(
      ["side", "tracing", "µs a job", "ratio"],
      costs.map(({ side, variant, microseconds, ratio }) => [
        side,
        variantNames[variant],
        microseconds.toFixed(1),
        ratio.toFixed(2),
      ]),
      2,
    ),
  }];
}

// Its rounds are short and differ much.
const fewestRounds = 9;

const variantNames = {
  noSdk: "no SDK",
  sampledOut: "sampled out",
  sampled: "sampled and exported",
} as const;
