/**
 * Runs the tests on every runtime. `npm test` runs all legs; for daily work,
 * `npm test -- bun deno` runs those two and `npm test -- --only retry` the files named so.
 */

import process from "node:process";
import { startCollector } from "./collector.ts";
import { generateDocumentationTests } from "./documentation/generate.ts";
import { readArguments } from "./legs/arguments.ts";
import { bun } from "./legs/bun.ts";
import { findDatabase } from "./legs/database.ts";
import { deno } from "./legs/deno.ts";
import type { Leg, Outcome } from "./legs/leg.ts";
import { latestNode, nodeAndPostgres, nodeCommandLine, page, systemNode } from "./legs/node.ts";
import { copyToOtel3 } from "./legs/otel3.ts";
import { ProgressDisplay } from "./legs/progress_display.ts";
import { runLeg } from "./legs/run_leg.ts";
import { closingLine, reportOf, summaryOf } from "./legs/summary.ts";
import { testFilesOf } from "./legs/test_files.ts";
import { workerd } from "./legs/workerd.ts";

// The longest comes first, and the others beside it.
const allLegs = [
  nodeAndPostgres,
  systemNode,
  latestNode,
  nodeCommandLine,
  page,
  bun,
  deno,
  workerd,
];

// Two cores are what a small machine has, and most runtimes keep only one of them busy.
const legsAtOnce = 2;

copyToOtel3();
const { legs, only } = readArguments(process.argv.slice(2), allLegs);
const files = legs.flatMap((leg) => testFilesOf(leg, only));
if (files.some((file) => file.startsWith("tests/documentation/"))) generateDocumentationTests();
const [collector, database] = await Promise.all([startCollector(), findDatabase()]);
const environment = { COLLECTOR_URL: collector.url, ...database.environment };
const display = new ProgressDisplay();
const outcomes = await runAll(legs);
display.end();
await Promise.all([collector.close(), database.close()]);

console.log(`\n${summaryOf(outcomes)}\n\n${closingLine(outcomes)}`);
process.exitCode = isWell(outcomes) ? 0 : 1;

async function runAll(legs: readonly Leg[]): Promise<readonly Outcome[]> {
  const outcomes = new Map<Leg, Outcome>();
  const waiting = [...legs];
  const lanes = Array.from({ length: legsAtOnce }, async () => {
    for (let leg = waiting.shift(); leg; leg = waiting.shift()) {
      const outcome = await runLeg(leg, only, environment, display);
      display.print(reportOf(outcome));
      outcomes.set(leg, outcome);
    }
  });
  await Promise.all(lanes);
  return legs.flatMap((leg) => outcomes.get(leg) ?? []);
}

// When every leg was skipped, nothing was tested, and that is no success.
function isWell(outcomes: readonly Outcome[]): boolean {
  const verdicts = new Set(outcomes.map((outcome) => outcome.verdict));
  return verdicts.has("passed") && !verdicts.has("failed");
}
