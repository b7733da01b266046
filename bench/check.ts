/**
 * The guard: measures what tracing costs and fails when it costs more than `budget.json` allows.
 * With `--slow` each span takes 40 µs longer on purpose, which the guard must notice.
 *
 * @module
 */
import { readFileSync } from "node:fs";
import process from "node:process";
import { bundleSizes } from "./bundle.ts";
import { measureOverhead, type Variant } from "./overhead.ts";

const budget = JSON.parse(
  readFileSync(new URL("budget.json", import.meta.url), "utf8"),
) as { readonly rounds: number; readonly ratios: Readonly<Partial<Record<Variant, number>>> };

const names: Readonly<Record<Variant, string>> = {
  noSdk: "no SDK",
  sampledOut: "sampled out",
  sampled: "sampled and exported",
};

async function main(): Promise<void> {
  const costs = await measureOverhead(budget.rounds, process.argv.includes("--slow") ? 40 : 0);
  console.log(`CPU for each job on the worker's side, Node ${process.versions.node}, memory store`);
  console.log("");
  console.log("tracing                µs/job   ratio   budget");
  let exceeded = 0;
  for (const [variant, { microseconds, ratio }] of Object.entries(costs)) {
    const limit = budget.ratios[variant as Variant];
    const isOver = limit !== undefined && ratio > limit;
    if (isOver) exceeded++;
    console.log(
      names[variant as Variant].padEnd(22) + microseconds.toFixed(1).padStart(7) +
        ratio.toFixed(2).padStart(8) + (limit?.toFixed(2) ?? "").padStart(9) +
        (isOver ? "  over budget" : ""),
    );
  }
  console.log("");
  for (const { name, bytes, gzipped } of await bundleSizes()) {
    console.log(`${name.padEnd(22)}${bytes.toString().padStart(7)} bytes, ${gzipped} gzipped`);
  }
  if (exceeded > 0) {
    console.error(
      `\n${exceeded} of ${Object.keys(budget.ratios).length} ratios are over their budget`,
    );
    process.exitCode = 1;
  }
}

await main();
