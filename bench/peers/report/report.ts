/**
 * What a run has found, as Markdown.
 *
 * @module
 */
import { cpus } from "node:os";
import process from "node:process";
import { table } from "../../report/table.ts";
import type { Contender } from "../contender.ts";
import type { SectionReport } from "../section.ts";
import { countOf, type Target, targetTable } from "../../report/target.ts";

/** A whole run. */
export interface Run {
  readonly title: string;
  readonly rounds: number;
  /** Names and versions of the servers. */
  readonly versions: readonly string[];
  readonly sections: readonly SectionReport[];
}

/** Everything, the targets first. */
export function report({ title, rounds, versions, sections }: Run): string {
  const machine = cpus();
  return [
    `# ${title}`,
    "What `npm run bench:peers` measured: medians, with the lowest and the highest of " +
    `${rounds} rounds in which the order alternated. Ratios are those of figures of one round. ` +
    "Every job was counted: none was lost, none ran twice.",
    `${machine.length} × ${machine[0]?.model.trim()}; Node ${process.versions.node}, ` +
    `${
      versions.join(", ")
    }. Commits of Postgres wait for the disk; Redis appends to its file and ` +
    "writes it to the disk each second.",
    ...targetsOf(sections.flatMap(({ targets }) => targets)),
    ...sections.flatMap(sectionText),
    ...settingsOf(sections.flatMap(({ contenders }) => contenders)),
  ].join("\n\n") + "\n";
}

/** One section by itself. */
export function sectionText({ title, method, tables }: SectionReport): readonly string[] {
  return [`## ${title}`, method, ...tables.map(({ head, rows }) => table(head, rows))];
}

/** What was to be reached, in the order of the sections. */
export function targetsOf(targets: readonly Target[]): readonly string[] {
  if (targets.length === 0) return [];
  return ["## Targets", countOf(targets), targetTable(targets)];
}

function settingsOf(contenders: readonly Contender[]): readonly string[] {
  const rows = [...new Set(contenders)].map(({ name, settings }) => [name, settings]);
  return ["## Settings", table(["contender", "settings"], rows, 2)];
}
