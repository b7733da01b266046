/** Everything public is described: each export of each entry is on the page about the API. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { pages } from "./pages.ts";

const { exports: entries } = JSON.parse(readFileSync("deno.json", "utf8")) as {
  readonly exports: Readonly<Record<string, string>>;
};
const page = readFileSync("docs/api.md", "utf8");

/** The command line exports nothing. */
const elsewhere = ["./cli"];

describe("the page about the API", () => {
  for (const [entry, file] of Object.entries(entries)) {
    if (elsewhere.includes(entry)) continue;
    const name = entry.replace(".", "hammerwork");
    test(`has every export of ${name}, and no other`, () => {
      const exported = exportsOf(file);
      assert.ok(exported.length > 0);
      const described = namesIn(sectionOf(name));
      assert.deepEqual(described, [...exported].sort());
    });
  }
});

test("hammerwork exports what code names, 48 names, and not all that signatures mention", () => {
  assert.equal(exportsOf(entries["."]!).length, 48);
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

/** The pages that describe what an interface's members mean, by the interface. */
const describedOn: Readonly<Record<string, string>> = {
  JobOptions: "docs/workflows.md",
  JobFilter: "docs/workflows.md",
  CancelOptions: "docs/workflows.md",
  RetryOptions: "docs/workflows.md",
  ManyOptions: "docs/operating.md",
  RetryManyOptions: "docs/operating.md",
  RescheduleManyOptions: "docs/operating.md",
  ManyResult: "docs/operating.md",
  ManyProgress: "docs/operating.md",
  JobOperation: "docs/operating.md",
  WorkerOptions: "docs/handlers.md",
  Hooks: "docs/handlers.md",
  JobContext: "docs/handlers.md",
  TickOptions: "docs/handlers.md",
  StopOptions: "docs/handlers.md",
  WorkResult: "docs/handlers.md",
  JobQueueOptions: "docs/stores.md",
  RetentionOptions: "docs/stores.md",
  OutcomeRetentionOptions: "docs/stores.md",
  StatsOptions: "docs/stores.md",
  MemoryOptions: "docs/stores.md",
  SqliteOptions: "docs/stores.md",
  PostgresOptions: "docs/stores.md",
  SpanRuleOptions: "docs/tracing.md",
  TracingOptions: "docs/tracing.md",
  Tracing: "docs/tracing.md",
  QueueDepthOptions: "docs/monitoring.md",
  PauseOptions: "docs/operating.md",
  QueuePause: "docs/operating.md",
  LogFields: "docs/monitoring.md",
  JobRouterOptions: "docs/http.md",
  PageOptions: "docs/page.md",
  JobClientOptions: "docs/http.md",
};

describe("the members of what callers pass and get", () => {
  const members = membersByInterface();
  for (const [name, path] of Object.entries(describedOn)) {
    test(`of ${name} are all on ${path}`, () => {
      const text = readFileSync(path, "utf8");
      const names = members.get(name) ?? [];
      assert.ok(names.length > 0, `There is an interface ${name}`);
      for (const member of names) assert.match(text, new RegExp(`\\b${member}\\b`), member);
    });
  }

  test("of a queue and of a client are all named", () => {
    const text = pages.map((page) => readFileSync(page, "utf8")).join("\n");
    for (const member of ["enqueue", "get", "find", "tree", "stats", "cancel", "retry", "close"]) {
      assert.match(text, new RegExp(`queue\\.${member}\\(`), member);
    }
  });
});

function membersByInterface(): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, readonly string[]>();
  const files = readdirSync("src", { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(".ts"));
  for (const path of files) {
    const text = readFileSync(`src/${path}`, "utf8");
    for (const [, name, body] of text.matchAll(/^export interface (\w+).*? \{\n(.*?)^\}/gms)) {
      const members = body!.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm);
      found.set(name!, [...members].map(([, member]) => member!));
    }
  }
  return found;
}
