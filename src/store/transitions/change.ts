/**
 * A change of many jobs: one pass.
 *
 * @module
 */
import { changeFilterOf } from "../rules.ts";
import type { ChangeFilter, ChangeOptions, ChangeResult, MassChange } from "../store.ts";
import { cancelOne } from "./cancel.ts";
import type { JobRow } from "./job_table.ts";
import { retryOne } from "./retry.ts";
import { operationOf, type Step } from "./step.ts";

/** Changes the first jobs that match, oldest first. */
export function change<Row extends JobRow>(
  step: Step<Row>,
  filter: ChangeFilter,
  change: MassChange,
  { limit }: ChangeOptions,
): ChangeResult {
  // One more than the pass looks at: whether another pass has anything to do.
  const matching = step.jobs.matching(changeFilterOf(filter, change.type), limit + 1);
  const rows = matching.slice(0, limit);
  const changed = changeRows(step, rows, change);
  return {
    changed,
    refused: rows.length - changed,
    after: matching.length > limit ? rows.at(-1)!.sequence : undefined,
    at: step.now,
  };
}

/** Changes those of the jobs that can be, and says how many. */
function changeRows<Row extends JobRow>(
  step: Step<Row>,
  rows: readonly Row[],
  change: MassChange,
): number {
  if (change.type === "delete") return deleteUnneeded(step, rows);
  if (change.type === "retry") return rows.filter(({ id }) => retryAgain(step, id, change)).length;
  for (const row of rows) {
    // Their dependents follow when all have ended: one that matches too has the error of the caller.
    if (change.type === "cancel") cancelOne(step, row, change.error, change.operator);
    else reschedule(step, row, change);
  }
  return rows.length;
}

function deleteUnneeded<Row extends JobRow>({ jobs }: Step<Row>, rows: readonly Row[]): number {
  const needed = jobs.needed(rows);
  for (const row of rows) if (!needed.has(row.id)) jobs.remove(row);
  return rows.length - needed.size;
}

/** Retries a job that another one of the pass may have brought back. Returns whether it is back. */
function retryAgain<Row extends JobRow>(
  step: Step<Row>,
  id: string,
  change: MassChange & { readonly type: "retry" },
): boolean {
  // As it is now: what came before in the pass may have changed it.
  const row = step.jobs.row(id)!;
  if (row.status !== "blocked") return retryOne(step, row, change).changed;
  step.jobs.update(row, operationOf(step, "retry", change.operator));
  return true;
}

function reschedule<Row extends JobRow>(
  step: Step<Row>,
  row: Row,
  { runAt, delayMs = NaN, priority, operator }: MassChange & { readonly type: "reschedule" },
): void {
  const { now, jobs } = step;
  const time = runAt ?? now + delayMs;
  const isDue = time <= now;
  jobs.update(row, {
    ...(priority !== undefined && { priority }),
    ...(!Number.isNaN(time) && {
      runAt: isDue ? Math.min(row.runAt, now) : time,
      ...(row.status !== "blocked" && {
        status: isDue ? "ready" : row.status === "retrying" ? "retrying" : "scheduled",
      }),
    }),
    ...operationOf(step, "reschedule", operator),
  });
  step.readyQueues.add(row.queueName);
}
