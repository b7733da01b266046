/**
 * Prints what tracing costs: trivial jobs, jobs of 3 ms, and the exporter beside the stock one.
 *
 * @module
 */
import process from "node:process";
import { measureExporters } from "./exporter.ts";
import { type Cost, measureOverhead } from "./overhead.ts";
import { variantNames, variants } from "./overhead/variant.ts";
import { type Spread, spreadText } from "./spread.ts";

const LONG_MICROS = 3_000;

async function main(): Promise<void> {
  const parts = process.argv.slice(2);
  const isAsked = (part: string) => parts.length === 0 || parts.includes(part);
  if (isAsked("trivial")) await printTrivialJobs();
  if (isAsked("long")) await printLongJobs();
  if (isAsked("exporter")) await printExporters();
}

async function printTrivialJobs(): Promise<void> {
  const costs = await measureOverhead({
    variants: variants.slice(1),
    task: { jobs: 4_000, handlerMicros: 0 },
    rounds: 15,
    warmUp: 3,
  });
  console.log(
    `Trivial jobs, memory store, Node ${process.versions.node}: µs of CPU for each job\n`,
  );
  console.log("| side | tracing | µs | more than without | normalised |");
  console.log("|---|---|---|---|---|");
  for (const { side, variant, whole, extra, normalised } of costs) {
    console.log(
      `| ${side} | ${variantNames[variant]} | ${spreadText(whole)} | ${spreadText(extra)} ` +
        `| ${normalised.toFixed(1)} |`,
    );
  }
  console.log("");
}

async function printLongJobs(): Promise<void> {
  const costs = await measureOverhead({
    variants: ["sampled"],
    task: { jobs: 256, handlerMicros: LONG_MICROS },
    rounds: 9,
    warmUp: 20,
  });
  const sampled = costs.find(({ side, variant }) => side === "run" && variant === "sampled")!;
  console.log("Jobs of 3 ms of CPU, everything sampled and exported, worker side\n");
  console.log(`µs for each job: ${spreadText(sampled.extra)}`);
  console.log(`% of CPU: ${spreadText(percentOf(sampled), 2)}\n`);
}

function percentOf({ extra }: Cost): Spread {
  const percent = (micros: number) => 100 * micros / LONG_MICROS;
  return {
    median: percent(extra.median),
    lowest: percent(extra.lowest),
    highest: percent(extra.highest),
  };
}

async function printExporters(): Promise<void> {
  console.log("512 process spans\n");
  console.log("| work | exporter | µs of CPU | kB allocated |");
  console.log("|---|---|---|---|");
  for (const { work, exporter, micros, bytes } of await measureExporters(15)) {
    const kilobytes = Math.round(bytes.median / 1_000);
    console.log(`| ${work} | ${exporter} | ${spreadText(micros, 0)} | ${kilobytes} |`);
  }
}

await main();
