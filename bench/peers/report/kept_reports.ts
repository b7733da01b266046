/**
 * The reports of sections that have been measured whole, kept until all of a file are there: they may
 * come from several runs, and each says of which state of the source it is.
 *
 * @module
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SectionReport } from "../section.ts";

/** A report with what it was measured of. */
export interface KeptReport {
  readonly revision: string;
  readonly rounds: number;
  /** Names and versions of the servers. */
  readonly versions: readonly string[];
  readonly report: SectionReport;
}

const folder = join("bench", "peers", ".build", "reports");

/** Keeps it in place of an earlier one. */
export function keepReport(section: string, kept: KeptReport): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(pathOf(section), JSON.stringify(kept));
}

/** Those of some sections, if all are there. */
export function keptReports(sections: readonly string[]): readonly KeptReport[] | undefined {
  const kept = sections.filter((name) => existsSync(pathOf(name)))
    .map((name) => JSON.parse(readFileSync(pathOf(name), "utf8")) as KeptReport);
  return kept.length === sections.length ? kept : undefined;
}

function pathOf(section: string): string {
  return join(folder, `${section}.json`);
}
