/**
 * hammerwork beside its peers: `npm run bench:peers -- [section …] [--rounds N] [--quick]
 * [--before checkout]`. A run of all sections that is not quick writes what it found to `results.md`.
 * Those that take long must be named, and are written to `long_results.md` when all of them were.
 *
 * @module
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import process from "node:process";
import { readArguments } from "./arguments.ts";
import { report, sectionText, targetsOf } from "./report/report.ts";
import type { Bench, Section, SectionReport } from "./section.ts";
import { longSections, sections } from "./sections/every_section.ts";
import { everyServer } from "./servers/every_server.ts";

const asked = readArguments(process.argv.slice(2), { sections, longSections });
const { wanted, rounds, isQuick, before, pace } = asked;

await using servers = everyServer();
const bench: Bench = {
  servers,
  rounds,
  before,
  pace,
  scaled: (jobs) => isQuick ? Math.min(jobs, Math.max(200, jobs / 20)) : jobs,
};

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
}
console.log(targetsOf(reports.flatMap(({ targets }) => targets)).join("\n\n"));

if (!isQuick && isAllOf(sections)) await keep("results.md", "Beside the peers");
if (!isQuick && pace.only === "" && isAllOf(longSections)) {
  await keep("long_results.md", "Beside the peers, for long");
}

function isAllOf(these: readonly Section[]): boolean {
  return wanted.length === these.length && new Set([...wanted, ...these]).size === these.length;
}

async function keep(name: string, title: string): Promise<void> {
  const path = `bench/peers/${name}`;
  const versions = await servers.versions();
  writeFileSync(path, report({ title, rounds, versions, sections: reports }));
  execFileSync("node_modules/.bin/deno", ["fmt", "--quiet", "--config", "deno.json", path]);
}
