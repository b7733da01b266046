import type { Outcome } from "./leg.ts";

/** What is shown when a leg ends: its whole output if it failed, otherwise a line and its notes. */
export function reportOf(outcome: Outcome): string {
  const { leg, runtime, verdict, reason, seconds, output, notes } = outcome;
  const line = [`${leg} ${verdict}`, runtime, `${seconds.toFixed(1)} s`, reason]
    .filter(Boolean)
    .join(" · ");
  if (verdict === "failed" && output !== "") return `\n${output.trimEnd()}\n\n${line}\n`;
  return [line, notes].filter(Boolean).join("\n");
}

/** One table, a row for each leg. */
export function summaryOf(outcomes: readonly Outcome[]): string {
  const head = ["leg", "runtime", "passed", "failed", "skipped", "seconds", ""];
  const rows = [head, ...outcomes.map(rowOf)];
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => lineOf(row, widths)).join("\n");
}

/** The totals of all legs. Continuous integration reads this line. */
export function closingLine(outcomes: readonly Outcome[]): string {
  const total = (what: "passed" | "failed" | "skipped") =>
    outcomes.reduce((sum, outcome) => sum + outcome[what], 0);
  return `${total("passed")} passed, ${total("failed")} failed, ${total("skipped")} skipped`;
}

function rowOf(outcome: Outcome): readonly string[] {
  const { leg, runtime, passed, failed, skipped, seconds, verdict, reason } = outcome;
  const counts = [passed, failed, skipped].map(String);
  const note = reason === undefined ? "" : `${verdict}: ${reason}`;
  return [leg, runtime || "none", ...counts, seconds.toFixed(1), note];
}

function lineOf(row: readonly string[], widths: readonly number[]): string {
  const isNumber = (column: number) => column >= 2 && column <= 5;
  return row
    .map((cell, column) => {
      const width = widths[column] ?? 0;
      return isNumber(column) ? cell.padStart(width) : cell.padEnd(width);
    })
    .join("  ")
    .trimEnd();
}
