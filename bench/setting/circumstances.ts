/**
 * What was measured with: figures mean little without it.
 *
 * @module
 */
import { cpus } from "node:os";
import { whenAndWhat } from "./revision.ts";
import type { Bench } from "../sections/section.ts";

/** The machine, the versions and the number of rounds, in one line. */
export function circumstancesOf({ runtimes, server, rounds }: Bench): string {
  const cores = cpus();
  const programs = runtimes.map(({ title, version }) => `${title} ${version}`);
  const middle = rounds === 1 ? "one round" : `medians of ${rounds} rounds, with their ranges`;
  return `${whenAndWhat()}, ${cores[0]!.model.trim()}, ${cores.length} cores; ${
    programs.join(", ")
  }, PostgreSQL ` +
    `${server.version}; ${middle}.`;
}
