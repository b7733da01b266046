/**
 * What every store says in the same words.
 *
 * @module
 */
import type { JobStatus } from "../job/status.ts";
import type { JobError } from "../job/record.ts";

/** Why an attempt ended that nobody settled. */
export const leaseExpired: JobError = {
  name: "LeaseLostError",
  message: "The worker neither settled the job nor extended its lease in time",
};

/** Why a dependent was cancelled. */
export function dependencyFailed(id: string, status: JobStatus): JobError {
  const message = `Its dependency ${id} ${said(status)}`;
  return { name: "JobCancelledError", message, dependencyId: id };
}

/** The refusal of a dependency that is not stored. */
export function unknownDependency(id: string): RangeError {
  return new RangeError(
    `A dependency must be a stored job or one of the same call: got ${id}, which is neither`,
  );
}

function said(status: JobStatus): string {
  return status === "cancelled" ? "was cancelled" : status;
}
