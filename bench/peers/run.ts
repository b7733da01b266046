/**
 * hammerwork beside its peers: `npm run bench:peers -- [section …] [--rounds N] [--quick]
 * [--before checkout]`. A run of all sections that is not quick writes what it found to `results.md`.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { readArguments } from "./arguments.ts";
import { report, sectionText, targetsOf } from "./report/report.ts";
import type { Bench, SectionReport } from "./section.ts";
import { sections } from "./sections/every_section.ts";
import { everyServer } from "./servers/every_server.ts";

const { wanted, rounds, isQuick, before } = readArguments(process.argv.slice(2), sections);

await using servers = everyServer();
const bench: Bench = {
  servers,
  rounds,
  before,
  scaled: (jobs) => isQuick ? Math.min(jobs, Math.max(200, jobs / 20)) : jobs,
};

const reports: SectionReport[] = [];
for (const section of wanted) {
  console.error(`measuring ${section.name}`);
  const found = await section.run(bench);
  reports.push(found);
  console.log([...sectionText(found), ""].join("\n\n"));
}
console.log(targetsOf(reports.flatMap(({ targets }) => targets)).join("\n\n"));

if (new Set(wanted).size === sections.length && !isQuick) {
  const path = "bench/peers/results.md";
  writeFileSync(path, report({ rounds, versions: await servers.versions(), sections: reports }));
  execFileSync("node_modules/.bin/deno", ["fmt", "--quiet", "--config", "deno.json", path]);
}
