/**
 * The guard: measures what tracing costs and fails when it costs more than `budget.json` allows.
 * With `--slow` each span takes 40 µs longer on purpose, which the guard must notice.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { bundleSizes } from "./bundle.ts";
import { type Cost, measureOverhead, type Side, type Variant } from "./overhead.ts";

interface Budget {
  readonly rounds: number;
  readonly ratios: Readonly<Record<Side, Readonly<Partial<Record<Variant, number>>>>>;
}

const budget = JSON.parse(
  readFileSync(new URL("budget.json", import.meta.url), "utf8"),
) as Budget;

const variantNames: Readonly<Record<Variant, string>> = {
  noSdk: "no SDK",
  sampledOut: "sampled out",
  sampled: "sampled and exported",
};

async function main(): Promise<void> {
  const costs = await measureOverhead(budget.rounds, process.argv.includes("--slow") ? 40 : 0);
  console.log(`CPU for each job, Node ${process.versions.node}, memory store`);
  console.log("");
  console.log("side     tracing                µs/job   ratio   budget");
  for (const cost of costs) console.log(row(cost));
  console.log("");
  for (const { name, bytes, gzipped } of bundleSizes()) {
    console.log(`${name.padEnd(22)}${bytes.toString().padStart(7)} bytes, ${gzipped} gzipped`);
  }
  const guarded = costs.filter((cost) => limitOf(cost) !== undefined);
  const exceeded = guarded.filter(isOver).length;
  if (exceeded > 0) {
    console.error(`\n${exceeded} of ${guarded.length} ratios are over their budget`);
    process.exitCode = 1;
  }
}

function row(cost: Cost): string {
  return cost.side.padEnd(9) + variantNames[cost.variant].padEnd(22) +
    cost.microseconds.toFixed(1).padStart(7) + cost.ratio.toFixed(2).padStart(8) +
    (limitOf(cost)?.toFixed(2) ?? "").padStart(9) + (isOver(cost) ? "  over budget" : "");
}

function limitOf({ side, variant }: Cost): number | undefined {
  return budget.ratios[side][variant];
}

function isOver(cost: Cost): boolean {
  return cost.ratio > (limitOf(cost) ?? Infinity);
}

await main();
