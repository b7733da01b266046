/**
 * hammerwork beside its peers: `npm run bench:peers -- [section …] [--rounds N] [--quick]
 * [--before checkout]`. What is not quick is kept; when every section has been measured, in one run or
 * in several, `results.md` is written, and `long_results.md` of those that take long and must be named.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { readArguments } from "./arguments.ts";
import { sourceRevision } from "../setting/revision.ts";
import { keepReport, keptReports } from "./report/kept_reports.ts";
import { report, sectionText, targetsOf } from "./report/report.ts";
import type { Bench, Section, SectionReport } from "./section.ts";
import { longSections, sections } from "./sections/every_section.ts";
import { everyServer } from "./servers/every_server.ts";

const asked = readArguments(process.argv.slice(2), { sections, longSections });
const { wanted, rounds, isQuick, before, pace } = asked;
const isWhole = !isQuick && rounds >= 2 && pace.only === "";

await using servers = everyServer();
const bench: Bench = {
  servers,
  rounds,
  before,
  pace,
  scaled: (jobs) => isQuick ? Math.min(jobs, Math.max(200, jobs / 20)) : jobs,
};

const revision = sourceRevision();
const reports: SectionReport[] = [];
for (const section of wanted) {
  console.error(`measuring ${section.name}`);
  const startedAt = performance.now();
  const found = await section.run(bench);
  console.error(
    `measured ${section.name}: ${((performance.now() - startedAt) / 1_000).toFixed()} s`,
  );
  reports.push(found);
  console.log([...sectionText(found), ""].join("\n\n"));
  const versions = await servers.versions();
  if (isWhole) keepReport(section.name, { revision, rounds, versions, report: found });
}
console.log(targetsOf(reports.flatMap(({ targets }) => targets)).join("\n\n"));

if (isWhole) {
  writeIfComplete("results.md", "Beside the peers", sections);
  writeIfComplete("long_results.md", "Beside the peers, for long", longSections);
}

function writeIfComplete(name: string, title: string, sections: readonly Section[]): void {
  const kept = keptReports(sections.map((section) => section.name));
  if (kept === undefined || !sections.some((section) => wanted.includes(section))) return;
  const path = `bench/peers/${name}`;
  const isLong = sections === longSections;
  writeFileSync(path, report({ title, kept, isLong }));
  execFileSync("node_modules/.bin/deno", ["fmt", "--quiet", "--config", "deno.json", path]);
}
