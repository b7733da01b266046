/**
 * Loaded before everything else, it makes a build without tracing: in place of the modules that trace,
 * those are loaded that stand beside this file under the same names and do nothing.
 *
 * @module
 */
import { registerHooks } from "node:module";
import process from "node:process";

const replaced = ["active_context", "enqueue_spans", "job_span", "start_span", "tracer"];
if (process.argv[2] === "without") replaced.push("scope");
if (process.argv[2] === "without" || process.argv[2] === "scope") replaceModules();

function replaceModules(): void {
  const standIns = new Map(replaced.map((name) => [
    new URL(`../../../src/trace/${name}.ts`, import.meta.url).href,
    new URL(`${name}.ts`, import.meta.url).href,
  ]));
  registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      const url = standIns.get(resolved.url);
      return url === undefined ? resolved : { ...resolved, url };
    },
  });
}
