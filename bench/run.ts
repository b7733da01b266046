/**
 * The benchmarks: `npm run bench` runs every section, `npm run bench -- flow growth` those. A whole
 * run of a section replaces its part of `results.md`. One that is smaller, with `--quick`, or with
 * only some of the stores (`--store postgres`) or runtimes (`--runtime node`), is only shown.
 *
 * @module
 */
import process from "node:process";
import { fileURLToPath } from "node:url";
import { type Asked, readArguments } from "./arguments.ts";
import { partOf, writeResults } from "./report/results.ts";
import { dependents } from "./sections/dependents.ts";
import { fairness } from "./sections/fairness.ts";
import { flow } from "./sections/flow.ts";
import { growth } from "./sections/growth.ts";
import { overhead } from "./sections/overhead.ts";
import { serverCost } from "./sections/server_cost.ts";
import type { Bench, Section } from "./sections/section.ts";
import { circumstancesOf } from "./setting/circumstances.ts";
import { everyKind } from "./setting/places.ts";
import { findNode, findRuntimes } from "./setting/runtimes.ts";
import { type BenchServer, startBenchServer } from "./setting/server.ts";

const sections: Readonly<Record<string, Section>> = {
  overhead,
  flow,
  dependents,
  growth,
  fairness,
  "server-cost": serverCost,
};

const introduction = `# What hammerwork does in a second, and what it costs

Written by \`npm run bench\`, section by section. Every process is a new one; what is compared takes
turns in one run, in another order each round. Every job is checked: none is lost, none runs twice.
Machines differ and their moods do too: read the ratios. A section without a date is older than the
code: it was measured before the tables of Postgres and the group commit of SQLite were made anew.
`;

async function main(): Promise<void> {
  const names = Object.keys(sections);
  const asked = readArguments(process.argv.slice(2), names);
  await using server = await startBenchServer();
  const bench = benchFor(asked, server);
  for (const name of asked.sections) {
    const blocks = await sections[name]!(bench);
    const measured = { section: name, circumstances: circumstancesOf(bench), blocks };
    console.log(`\n${partOf(measured)}`);
    if (asked.isWhole) writeResults(resultsPath, introduction, names, measured);
  }
}

function benchFor({ rounds, shrink, store, runtime }: Asked, server: BenchServer): Bench {
  const isNamed = (part: string) => (name: string) => name.toLowerCase().includes(part);
  return {
    rounds,
    shrink,
    server,
    stores: everyKind(server).filter(({ name }) => isNamed(store)(name)),
    node: findNode(),
    runtimes: findRuntimes().filter(({ title }) => isNamed(runtime)(title)),
    tell: (what) => console.error(what),
  };
}

const resultsPath = fileURLToPath(new URL("results.md", import.meta.url));

await main();
