/**
 * The runtimes that are measured: those that the tests run on.
 *
 * @module
 */
import { bun } from "../../tests/legs/bun.ts";
import { deno } from "../../tests/legs/deno.ts";
import type { Runtime } from "../../tests/legs/leg.ts";
import { latestNode } from "../../tests/legs/node.ts";

/** A runtime with what it is to be told before a program. */
export interface BenchRuntime extends Runtime {
  readonly args: readonly string[];
}

/** Node 24, the first of all and the one that stores are compared on. */
export function findNode(): BenchRuntime {
  return { ...latestNode.findRuntime(), args: [] };
}

/** Each of them, Node first. */
export function findRuntimes(): readonly BenchRuntime[] {
  return [
    findNode(),
    { ...bun.findRuntime(), args: [] },
    { ...deno.findRuntime(), args: ["run", "-A", "--no-check"] },
  ];
}
