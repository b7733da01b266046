/**
 * Recording how attempts ended, each if its lease still holds.
 *
 * @module
 */
import { mostInARow } from "../../job/job_options.ts";
import { noneInARow } from "../../job/outcomes.ts";
import { traceIdIn } from "../../job/traceparent.ts";
import type { LeaseState, Settlement } from "../store.ts";
import type { JobRow } from "./job_table.ts";
import { heldRow } from "./leases.ts";
import { configure } from "./queue_settings.ts";
import { chargeOf, type Step } from "./step.ts";

/** Records outcomes in their order, and frees or cancels the dependents of what ended. */
export function settle<Row extends JobRow>(
  step: Step<Row>,
  settlements: readonly Settlement[],
): readonly LeaseState[] {
  const isSettled = completePlainOnes(step, settlements);
  const states = settlements.map((settlement, i) =>
    isSettled?.[i] === true ? "held" : settleOne(step, settlement)
  );
  step.followEnds();
  return states;
}

/** Where a store can do the plain ones at once: which it has done. */
function completePlainOnes<Row extends JobRow>(
  { jobs, now }: Step<Row>,
  settlements: readonly Settlement[],
): readonly boolean[] | undefined {
  if (jobs.completePlainly === undefined) return undefined;
  const jobIds = new Set<string>();
  return settlements.map((settlement) => {
    // Of two outcomes of one attempt the first counts, whatever the second is.
    if (jobIds.has(settlement.jobId)) return false;
    jobIds.add(settlement.jobId);
    return settlement.change.status === "completed" && jobs.completePlainly!(settlement, now);
  });
}

function settleOne<Row extends JobRow>(step: Step<Row>, settlement: Settlement): LeaseState {
  const row = heldRow(step.jobs, settlement);
  if (typeof row === "string") return row;
  const { change, runMs, traceparent } = settlement;
  if (change.status === "ready" && !change.started) {
    // The claim is taken back as if it had never been made.
    step.wait(row, { status: "ready", attempts: row.attempts - 1 });
    return "held";
  }
  const finishedAt = step.now;
  const startedAt = finishedAt - Math.round(runMs);
  const attemptTraceparent = traceparent ?? null;
  if (traceparent !== undefined) {
    const traceId = traceIdIn(traceparent);
    if (traceId !== row.traceId) step.jobs.addAttemptTrace(row, traceId);
  }
  if (change.status === "completed") {
    const result = change.result ?? null;
    step.end(row, {
      ...noneInARow,
      status: "completed",
      startedAt,
      finishedAt,
      attemptTraceparent,
      result,
      error: null,
    });
    return "held";
  }
  const charge = chargeOf(row, change.outcome, change.status);
  const ended = { ...charge, ...noneInARow, startedAt, attemptTraceparent };
  if (change.status === "scheduled") {
    step.wait(row, {
      ...ended,
      status: "scheduled",
      error: null,
      snoozes: Math.min(row.snoozes + 1, mostInARow),
      runAt: step.now + change.delayMs,
    });
    const { delayMs: forMs, pauseReason: reason } = change;
    if (reason !== undefined) {
      configure(step, { queueName: row.queueName, pause: { forMs, reason } });
    }
    return "held";
  }
  const { outcome } = change;
  const error = change.status === "ready" ? undefined : change.error;
  step.addAttempt(row, { outcome, error, startedAt, traceparent });
  switch (change.status) {
    case "failed":
      step.end(row, { ...ended, status: "failed", finishedAt, error: change.error });
      break;
    case "retrying":
      step.wait(row, {
        ...ended,
        status: "retrying",
        error: change.error,
        runAt: step.now + change.delayMs,
      });
      break;
    case "ready":
      step.wait(row, {
        ...ended,
        status: "ready",
        error: null,
        releases: Math.min(row.releases + 1, mostInARow),
      });
  }
  return "held";
}
