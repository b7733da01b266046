/**
 * What every store says in the same words.
 *
 * @module
 */
import { JobIdTakenError } from "../job/errors.ts";
import { InputTypeError, UnknownJobError } from "../job/input_error.ts";
import type { JobError, JobInput } from "../job/record.ts";
import type { FailedDependency, Store, TraceEnds } from "./store.ts";

/** Why an attempt ended that nobody settled. */
export const leaseExpired: JobError = {
  name: "LeaseLostError",
  message: "The worker neither settled the job nor extended its lease in time",
};

/** Why a dependent was cancelled. */
export function dependencyFailed({ dependencyId, status }: FailedDependency): JobError {
  const message = `Its dependency ${dependencyId} ${endedAs(status)}`;
  return { name: "JobCancelledError", message, dependencyId };
}

/** Why a job is cancelled whose parent is. */
export function parentCancelled(parentId: string): JobError {
  return { name: "JobCancelledError", message: "Its parent was cancelled", parentId };
}

/** The refusal of a dependency that is not stored. */
export function unknownDependency(id: string): UnknownJobError {
  return new UnknownJobError(
    `A dependency must be a stored job or one of the same call: got ${id}, which is neither`,
    id,
  );
}

/**
 * Refuses a job under the id of a stored one that it is not. Under an idempotency key another payload
 * is no reason to: the key says that both are one.
 */
export function checkSameJob(
  { id, queueName }: JobInput,
  stored: Pick<JobInput, "id" | "queueName">,
  hasSamePayload: boolean,
): void {
  if (id !== stored.id) return;
  if (queueName !== stored.queueName || !hasSamePayload) throw new JobIdTakenError(id);
}

/** The refusal of a parent that is not stored. */
export function unknownParent(id: string): UnknownJobError {
  return new UnknownJobError(`A parent must be a stored job: got ${id}`, id);
}

/** Refuses a caller's transaction where a store has none: the job would outlive its rollback. */
export function checkNoTransaction(transaction: unknown, store: string): void {
  if (transaction === undefined) return;
  throw new InputTypeError(
    `${store} takes no transaction: enqueue outside of it, or use postgres()`,
  );
}

/** The ends of traces that a store records; refuses what needs them where a store records none. */
export function traceEndsOf(store: Pick<Store, "traceEnds">, what: string): TraceEnds {
  if (store.traceEnds !== undefined) return store.traceEnds;
  throw new InputTypeError(
    `${what} needs a store that records the ends of traces: this one has no traceEnds`,
  );
}

/** How a dependency did not complete, in words. */
export function endedAs(status: "failed" | "cancelled"): string {
  return status === "cancelled" ? "was cancelled" : status;
}
