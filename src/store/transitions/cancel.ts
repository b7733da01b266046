/**
 * A caller's cancellation: of one job, and of its descendants.
 *
 * @module
 */
import { noneInARow } from "../../job/outcomes.ts";
import type { JobError, Operator } from "../../job/record.ts";
import { hasEnded } from "../../job/status.ts";
import type { CancelRecordOptions, ChangedRecord } from "../store.ts";
import type { JobRow } from "./job_table.ts";
import { loseAttempt, operationOf, type Step } from "./step.ts";

/** Cancels a job that has not ended, and perhaps its descendants. */
export function cancel<Row extends JobRow>(
  step: Step<Row>,
  id: string,
  { error, descendants = false, operator }: CancelRecordOptions,
): ChangedRecord | undefined {
  const row = step.jobs.row(id);
  if (row === undefined) return undefined;
  const changed = !hasEnded(row.status);
  if (changed) cancelOne(step, row, error, operator);
  step.followEnds();
  const cancelledDescendants = descendants
    ? cancelDescendants(step, id, { ...error, parentId: id }, operator)
    : undefined;
  return { job: step.jobs.record(id)!, changed, cancelledDescendants };
}

/**
 * Cancels the children of a job, theirs, and those of dependents that were cancelled because of one of
 * them.
 *
 * @returns How many.
 */
function cancelDescendants<Row extends JobRow>(
  step: Step<Row>,
  rootId: string,
  error: JobError,
  operator: Operator | undefined,
): number {
  let count = 0;
  const family = new Set([rootId]);
  for (let known = 0; known < family.size;) {
    known = family.size;
    // What is added while it goes over them comes too.
    for (const id of family) {
      for (const child of step.jobs.children(id)) {
        family.add(child.id);
        if (hasEnded(child.status)) continue;
        cancelOne(step, child, error, operator);
        count++;
      }
    }
    step.followEnds();
    for (const id of family) {
      for (const dependent of step.jobs.cancelledFor(id)) family.add(dependent.id);
    }
  }
  return count;
}

/** Cancels a job that has not ended. Its dependents follow with `followEnds`. */
export function cancelOne<Row extends JobRow>(
  step: Step<Row>,
  row: Row,
  error: JobError,
  operator: Operator | undefined,
): void {
  const isRunning = row.status === "running";
  if (isRunning) step.cancelledIds.push(row.id);
  const lost = isRunning && loseAttempt(step, row, "cancelled", error);
  const operation = operationOf(step, "cancel", operator);
  const ending = { ...noneInARow, status: "cancelled", finishedAt: step.now, error } as const;
  step.end(row, { ...lost, ...operation, ...ending });
}
