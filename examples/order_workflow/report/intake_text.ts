/** Says in a line what became of the orders of a file. */
import type { Intake } from "../intake.ts";
import { counted } from "./counted.ts";

export function intakeText({ added, known, refused, importIsNew }: Intake, source: string): string {
  const refusal = refused > 0 ? `; ${counted(refused, "line was", "lines were")} refused` : "";
  if (added + known === 0) return `No orders were found in ${source}${refusal}`;
  if (added > 0) {
    const there = known > 0 ? `, ${counted(known, "was", "were")} there already` : "";
    return `${counted(added, "order")} added from ${source}${there}${refusal}`;
  }
  const addition = importIsNew ? "only the import was added" : "nothing added";
  return `${counted(known, "order was", "orders were")} there already; ${addition}${refusal}`;
}
