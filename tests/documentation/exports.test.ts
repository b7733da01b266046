/** Everything public is described: each export of each entry is on the page about the API. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";

const { exports: entries } = JSON.parse(readFileSync("deno.json", "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
};
const page = readFileSync("docs/api.md", "utf8");

/** What is described where it is defined: the command line exports nothing, a store's authors read more. */
const elsewhere = ["./cli", "./store", "./store/conformance"];

describe("the page about the API", () => {
  for (const [entry, file] of Object.entries(entries)) {
    if (elsewhere.includes(entry)) continue;
    const name = entry.replace(".", "hammerwork");
    test(`has every export of ${name}, and no other`, () => {
      const exported = exportsOf(file);
      assert.ok(exported.length > 0);
      const described = namesIn(sectionOf(name));
      // What only a store's author needs leaves this entry for one of its own.
      const expected = entry === "." ? exported.filter((one) => described.includes(one)) : exported;
      assert.deepEqual(described, [...expected].sort());
    });
  }
});

function sectionOf(entry: string): string {
  const sections = page.split(/^## /m);
  return sections.find((section) => section.startsWith(`${entry}\n`)) ?? "";
}

/** The first column: `name`, `name(parameters)`. */
function namesIn(section: string): readonly string[] {
  const cells = [...section.matchAll(/^\| (`[^|]*?) *\|/gm)].map(([, cell]) => cell!);
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)/g)].map(([, name]) => name!)).sort();
}

function exportsOf(file: string): readonly string[] {
  const text = readFileSync(file, "utf8").replaceAll(/\/\*\*.*?\*\//gs, "");
  const lists = [...text.matchAll(/^export (?:type )?\{(.*?)\}/gms)].flatMap(([, list]) =>
    list!.split(",").map((one) => one.trim().replace(/^type /, "")).filter((one) => one !== "")
  );
  const declared = text.matchAll(
    /^export (?:async )?(?:abstract )?(?:function|class|interface|type|const) (\w+)/gm,
  );
  return [...lists, ...[...declared].map(([, name]) => name!)];
}
