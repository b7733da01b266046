/**
 * What a run has found, as Markdown.
 *
 * @module
 */
import { cpus } from "node:os";
import process from "node:process";
import { table } from "../../report/table.ts";
import { whenAndWhat } from "../../setting/revision.ts";
import type { Contender } from "../contender.ts";
import type { SectionReport } from "../section.ts";
import type { KeptReport } from "./kept_reports.ts";
import { countOf, type Target, targetTable } from "../../report/target.ts";

/** All sections of a file. */
export interface Run {
  readonly title: string;
  readonly kept: readonly KeptReport[];
  /** Whether its sections go on for so long that each is measured once. */
  readonly isLong: boolean;
}

/** Everything, the targets first. */
export function report({ title, kept, isLong }: Run): string {
  const machine = cpus();
  const sections = kept.map((one) => one.report);
  const revision = usualRevision(kept);
  const rounds = [...new Set(kept.map((one) => one.rounds))].sort().join(" or ");
  const versions = [...new Set(kept.flatMap((one) => one.versions))].sort();
  return [
    `# ${title}`,
    (isLong
      ? "What `npm run bench:long` measured, once. "
      : "What `npm run bench:peers` measured: medians, with the lowest and the highest of " +
        `${rounds} rounds in which the order alternated. Ratios are those of figures of one round. `) +
    "Every job was counted: none was lost, none ran twice.",
    `${whenAndWhat(revision)}, ${machine.length} × ${machine[0]?.model.trim()}; ` +
    `Node ${process.versions.node}, ${versions.join(", ")}. Commits of Postgres wait for the ` +
    "disk; Redis appends to its file and writes it to the disk each second, or, where it is durable, " +
    "before it answers.",
    ...targetsOf(sections.flatMap(({ targets }) => targets)),
    ...kept.flatMap((one) =>
      one.revision === revision ? sectionText(one.report) : sectionText(one.report, one.revision)
    ),
    ...settingsOf(sections.flatMap(({ contenders }) => contenders)),
  ].join("\n\n") + "\n";
}

/** That of most sections. */
function usualRevision(kept: readonly KeptReport[]): string {
  const counts = Map.groupBy(kept, ({ revision }) => revision);
  const [most] = [...counts].sort(([, a], [, b]) => b.length - a.length);
  return most![0];
}

/** One section by itself; of another state of the source than the rest, it says of which. */
export function sectionText(
  { title, method, tables }: SectionReport,
  revision?: string,
): readonly string[] {
  const how = revision === undefined ? method : `${method} Measured at ${revision}.`;
  return [`## ${title}`, how, ...tables.map(({ head, rows }) => table(head, rows))];
}

/** What was to be reached, in the order of the sections. */
export function targetsOf(targets: readonly Target[]): readonly string[] {
  if (targets.length === 0) return [];
  return ["## Targets", countOf(targets), targetTable(targets)];
}

function settingsOf(contenders: readonly Contender[]): readonly string[] {
  const settings = new Map(contenders.map((one) => [one.name, one.settings]));
  const rows = [...settings];
  return ["## Settings", table(["contender", "settings"], rows, 2)];
}
