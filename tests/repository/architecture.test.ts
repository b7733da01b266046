import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { basename } from "node:path";
import { describe, test } from "node:test";
import {
  findCircle,
  folderImports,
  importersOf,
  importsOf,
  libraryFiles,
  reachedFrom,
} from "./import_graph.ts";

const packagesFrom = (entry: string) =>
  [...reachedFrom(entry)].filter((path) => !path.endsWith(".ts")).sort();

const isCommandLine = (path: string) => path === "src/cli.ts" || path.startsWith("src/cli/");

/** What imports what: a folder, or a file beside the folders, uses those on the lines above its own. */
const floors: readonly (readonly string[])[] = [
  [
    "src/version.ts",
    "src/builtin_module.ts",
    "src/control_characters.ts",
    "src/duration.ts",
    "src/timers.ts",
    "src/trailing_slashes.ts",
  ],
  ["src/job", "src/instrumentation_scope.ts"],
  ["src/store", "src/report_to_console.ts"],
  ["src/trace", "src/metrics"],
  ["src/worker", "src/tracing"],
  ["src/queue"],
  ["src/operate"],
  ["src/http", "src/client"],
  ["src/page", "src/http.ts"],
  ["src/page.ts"],
  // The command line's demo runs it, over entries alone.
  ["examples/order_workflow"],
  ["src/cli"],
  [
    "mod.ts",
    "src/cli.ts",
    "src/client.ts",
    "src/operate.ts",
    "src/signatures.ts",
    "src/store.ts",
    "src/tracing.ts",
  ],
];

/** Files under 40 lines that one other file imports, and why they are files. */
const reasonsToBeSmall: Readonly<Record<string, string>> = {
  "src/http.ts": "an entry",
  "src/page.ts": "an entry",
};

function floorOf(place: string): number {
  const floor = floors.findIndex((places) => places.includes(place));
  assert.notEqual(floor, -1, `${place} is on no floor`);
  return floor;
}

function lineCount(path: string): number {
  return readFileSync(path, "utf8").split("\n").length - 1;
}

describe("the architecture", () => {
  test("the module and the SQLite store import @opentelemetry/api and nothing else", () => {
    assert.deepEqual(packagesFrom("mod.ts"), ["@opentelemetry/api"]);
    assert.deepEqual(packagesFrom("src/store/sqlite.ts"), []);
    assert.deepEqual(packagesFrom("src/client.ts"), ["@opentelemetry/api"]);
  });

  test("the entry for stores imports nothing, and the conformance suite what its users have", () => {
    assert.deepEqual(packagesFrom("src/store.ts"), []);
    const suite = readdirSync("tests/conformance").map((file) => `tests/conformance/${file}`);
    const imported = new Set(suite.flatMap(importsOf).filter((path) => !suite.includes(path)));
    assert.deepEqual([...imported].sort(), [
      "fast-check",
      "mod.ts",
      "node:assert/strict",
      "node:test",
      "src/store.ts",
    ]);
  });

  test("the Postgres store asks for its driver only when it is given a URL", () => {
    assert.deepEqual(packagesFrom("src/store/postgres.ts"), ["postgres"]);
    const loading = libraryFiles().filter((file) => importsOf(file).includes("postgres"));
    assert.deepEqual(loading, ["src/store/postgres/connections.ts"]);
    assert.match(readFileSync(loading[0]!, "utf8"), /await import\("postgres"\)/);
  });

  test("only the tracing entry reaches the SDK", () => {
    assert.deepEqual(packagesFrom("src/tracing.ts"), [
      "@opentelemetry/api",
      "@opentelemetry/sdk-trace",
    ]);
    assert.ok(!reachedFrom("mod.ts").has("src/tracing.ts"));
  });

  test("only the entries of HTTP and of the page reach Hono", () => {
    assert.deepEqual(packagesFrom("src/http.ts"), ["@opentelemetry/api", "hono"]);
    assert.deepEqual(packagesFrom("src/page.ts"), [
      "@opentelemetry/api",
      "hono",
      "hono/html",
      "hono/route",
    ]);
    assert.ok(!reachedFrom("mod.ts").has("src/http.ts"));
  });

  test("a router without the page imports no code of it", () => {
    const isPage = (path: string) => path === "src/page.ts" || path.startsWith("src/page/");
    assert.deepEqual([...reachedFrom("src/http.ts")].filter(isPage), []);
    assert.ok([...reachedFrom("src/page.ts")].filter(isPage).length > 0);
  });

  test("no file of the library imports the module, and only the command line node:", () => {
    for (const file of libraryFiles()) {
      for (const imported of importsOf(file)) {
        const isAllowed = isCommandLine(file) || !imported.startsWith("node:");
        assert.ok(isAllowed, `${file} imports ${imported}`);
        assert.ok(imported !== "mod.ts", `${file} imports mod.ts`);
      }
    }
  });

  test("only the demo imports an example, and only when it runs", () => {
    const isExample = (path: string) => path.startsWith("examples/");
    const importing = libraryFiles().filter((file) => importsOf(file).some(isExample));
    assert.deepEqual(importing, ["src/cli/commands/demo.ts"]);
    assert.doesNotMatch(readFileSync(importing[0]!, "utf8"), /from "[./]+examples\//);
  });

  test("nothing but the command line imports the command line", () => {
    const importing = libraryFiles().filter((file) => importsOf(file).some(isCommandLine));
    assert.deepEqual(importing.filter((file) => !isCommandLine(file)), []);
    assert.ok(importing.length > 0);
  });

  test("imports run one way: there is no circle, not even of types", () => {
    assert.equal(findCircle(libraryFiles())?.join(" -> "), undefined);
  });

  test("a folder imports only from floors below its own", () => {
    for (const [folder, imported] of folderImports()) {
      const floor = floorOf(folder);
      for (const below of imported) {
        assert.ok(floorOf(below) < floor, `${folder} imports ${below}, which is not below it`);
      }
    }
  });

  test("a small file has more than one importer, or a reason", () => {
    const small = libraryFiles().filter((file) => lineCount(file) < 40);
    const importers = importersOf(libraryFiles());
    const lonely = small.filter((file) => importers.get(file)?.length === 1);
    assert.deepEqual(lonely.sort(), Object.keys(reasonsToBeSmall).sort());
  });

  test("every file of the library is reached from an entry", () => {
    const { exports } = JSON.parse(readFileSync("deno.json", "utf8"));
    const entries = Object.values<string>(exports).map((path) => path.replace(/^\.\//, ""));
    const reached = new Set([...entries, ...entries.flatMap((entry) => [...reachedFrom(entry)])]);
    assert.deepEqual(libraryFiles().filter((file) => !reached.has(file)), []);
  });

  test("one file knows the columns of a traceparent", () => {
    const cut = /\.(slice|substring|charCodeAt)\((3, ?35|36, ?52|53|54)\)/;
    const cutting = libraryFiles().filter((file) => cut.test(readFileSync(file, "utf8")));
    assert.deepEqual(cutting, ["src/job/traceparent.ts"]);
  });

  test("the names of files say something", () => {
    const empty = /^(utils?|helpers?|types|constants|index|common|misc)\.ts$/;
    assert.deepEqual(libraryFiles().filter((file) => empty.test(basename(file))), []);
  });
});
