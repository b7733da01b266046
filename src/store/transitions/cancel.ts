/**
 * A caller's cancellation: of one job, and of its descendants.
 *
 * @module
 */
import { noneInARow } from "../../job/outcomes.ts";
import type { JobError } from "../../job/record.ts";
import { hasEnded } from "../../job/status.ts";
import type { CancelRecordOptions, ChangedRecord } from "../store.ts";
import type { JobRow } from "./job_table.ts";
import { loseAttempt, type Step } from "./step.ts";

/** Cancels a job that has not ended, and perhaps its descendants. */
export function cancel<Row extends JobRow>(
  step: Step<Row>,
  id: string,
  { error, descendants = false }: CancelRecordOptions,
): ChangedRecord | undefined {
  const row = step.jobs.row(id);
  if (row === undefined) return undefined;
  const changed = !hasEnded(row.status);
  if (changed) cancelOne(step, row, error);
  step.followEnds();
  const cancelledDescendants = descendants
    ? cancelDescendants(step, id, { ...error, parentId: id })
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
        cancelOne(step, child, error);
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

function cancelOne<Row extends JobRow>(step: Step<Row>, row: Row, error: JobError): void {
  const isRunning = row.status === "running";
  if (isRunning) step.cancelledIds.push(row.id);
  const lost = isRunning && loseAttempt(step, row, "cancelled", error);
  step.end(row, { ...lost, ...noneInARow, status: "cancelled", finishedAt: step.now, error });
}
