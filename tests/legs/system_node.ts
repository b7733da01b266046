import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import { MissingRuntime, runtimeAt } from "./installed.ts";
import type { Runtime } from "./leg.ts";

/** PATH without what npm puts first for its scripts: there, `node` is the one in node_modules. */
export const systemPath: string = (process.env.PATH ?? "")
  .split(delimiter)
  .filter((folder) => !/node_modules|node-gyp-bin/.test(folder))
  .join(delimiter);

/** The Node that this machine has by itself. */
export function findSystemNode(oldestMajor: number): Runtime {
  const command = process.platform === "win32" ? "node.exe" : "node";
  const executable = systemPath
    .split(delimiter)
    .map((folder) => join(folder, command))
    .find((path) => existsSync(path));
  if (executable === undefined) {
    throw new MissingRuntime(
      "A node was expected on PATH outside node_modules, but none is there.",
    );
  }
  const node = runtimeAt("Node", executable);
  if (Number.parseInt(node.version) < oldestMajor) {
    throw new MissingRuntime(
      `Node ${oldestMajor} or later was expected, but ${executable} is ${node.version}.`,
    );
  }
  return node;
}
