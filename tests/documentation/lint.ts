/**
 * What `npm run docs:lint` runs: `deno doc --lint` over all entries together. Everything public has a
 * comment and an explicit type, and refers to nothing private; a type of another package is public there.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";

const { exports: entries } = JSON.parse(readFileSync("deno.json", "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
};

const lint = spawnSync("deno", ["doc", "--lint", ...Object.values(entries)], { encoding: "utf8" });
if (lint.error) throw lint.error;
const output = stripVTControlCharacters(lint.stdout + lint.stderr);
const reports = output.split(/^(?=error)/m).filter((report) => report.startsWith("error"));
const ofPackages = typesOfPackages();
const errors = reports.filter((report) => {
  const [, name] = /^error\[private-type-ref\].* references private type '(\w+)'/.exec(report) ??
    [];
  return name === undefined || !ofPackages.has(name);
});
// The last one is their number.
if (errors.length > 1 || (lint.status !== 0 && reports.length === 0)) {
  process.stderr.write(errors.join("") || output);
  process.exitCode = 1;
}

/** The types that the library imports from packages. */
function typesOfPackages(): ReadonlySet<string> {
  const names = new Set<string>();
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"));
  for (const path of files) {
    const text = readFileSync(`src/${path}`, "utf8");
    for (const [, list] of text.matchAll(/^import (?:type )?\{([^}]*)\} from "[^.]/gm)) {
      for (const name of list!.matchAll(/\w+(?=\s*(?:,|$))/g)) names.add(name[0]);
    }
  }
  return names;
}
