/**
 * The rules that every store follows, in the same words: why jobs are cancelled and calls refused, the
 * order of claims, and how expired leases are swept.
 *
 * @module
 */
import { type Backoff, backoffDelay, checkBackoff, defaultBackoff } from "../job/backoff.ts";
import { JobIdTakenError, StoreUnavailableError } from "../job/errors.ts";
import { InputTypeError, UnknownJobError } from "../job/checks.ts";
import type { JobError, JobInput, JobRecord } from "../job/record.ts";
import { changeableStatuses, type JobStatus } from "../job/status.ts";
import type {
  ChangeFilter,
  ExpiredJob,
  FailedDependency,
  Hindrance,
  Maintenance,
  MassChange,
  OutcomeRetention,
  RefusedSweep,
  Store,
  TraceEnds,
} from "./store.ts";

/** Compares for `sort`: higher priority first, then what was due first, then what came first. */
export function inClaimOrder(a: JobRecord, b: JobRecord): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.sequence - b.sequence;
}

/** The most names of workers that are kept. */
export const mostNames = 10_000;

/** Why an attempt ended that was not settled. */
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

/**
 * The filter of a change of many jobs, with the statuses that the change is for. Without a value it
 * is refused: it would match all jobs.
 */
export function changeFilterOf(
  { after, asOf, ...fields }: ChangeFilter,
  type: MassChange["type"],
): ChangeFilter {
  if (Object.values(fields).every((value) => value === undefined)) {
    throw new InputTypeError("A change of many jobs needs a filter with a value: got none");
  }
  const { statuses } = fields;
  const changeable = changeableStatuses[type];
  return {
    ...fields,
    after,
    asOf,
    statuses: statuses ? changeable.filter((one) => statuses.includes(one)) : changeable,
  };
}

/** How a dependency did not complete, in words. */
export function endedAs(status: "failed" | "cancelled"): string {
  return status === "cancelled" ? "was cancelled" : status;
}

/** The status of a job; `undefined` when it is not stored. */
export type StatusOf = (id: string) => JobStatus | undefined;

/**
 * The first dependency that keeps a job from being retried: one that did not complete, or that
 * is no longer stored although the job has never begun, so that how it ended is unknown.
 */
export function hindranceOf(
  { dependsOn, onDependencyFailure, attempts }: Pick<
    JobRecord,
    "dependsOn" | "onDependencyFailure" | "attempts"
  >,
  statusOf: StatusOf,
): Hindrance | undefined {
  if (onDependencyFailure === "run") return undefined;
  for (const dependencyId of dependsOn) {
    const status = statusOf(dependencyId);
    if (isBad(status)) return { dependencyId, status };
    if (status === undefined && attempts === 0) return { dependencyId, status: "removed" };
  }
  return undefined;
}

/** The first dependency because of which a job is cancelled when it is added. */
export function failedDependencyOf(
  { dependsOn, onDependencyFailure }: Pick<JobRecord, "dependsOn" | "onDependencyFailure">,
  statusOf: StatusOf,
): FailedDependency | undefined {
  return onDependencyFailure === "run" ? undefined : firstFailed(dependsOn, statusOf);
}

/** The first of these dependencies that did not complete. */
export function firstFailed(
  dependsOn: readonly string[],
  statusOf: StatusOf,
): FailedDependency | undefined {
  for (const dependencyId of dependsOn) {
    const status = statusOf(dependencyId);
    if (isBad(status)) return { dependencyId, status };
  }
  return undefined;
}

function isBad(status: JobStatus | undefined): status is "failed" | "cancelled" {
  return status === "failed" || status === "cancelled";
}

/** The wait in ms by the job's own back-off rule, else by the default one. */
export function expiryDelay(
  { backoff, attempts }: Pick<JobRecord, "backoff" | "attempts">,
): number {
  return backoffDelay(ownRule(backoff) ?? defaultBackoff, attempts, undefined);
}

/** A rule that cannot be read must not keep a job from running again. */
function ownRule(text: string | undefined): Backoff | undefined {
  try {
    return text === undefined ? undefined : checkBackoff(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** How long ended jobs of a queue are kept, in ms. */
export function retentionOf(
  retentionMs: Maintenance["retentionMs"],
  queueName: string,
): OutcomeRetention {
  if (typeof retentionMs === "number") {
    return { completed: retentionMs, failed: retentionMs, cancelled: retentionMs };
  }
  const { queues = {} } = retentionMs;
  return Object.hasOwn(queues, queueName) ? queues[queueName]! : retentionMs;
}

/** The ways to sweep. */
export interface Sweeps {
  /** Sweeps all in one step. */
  readonly all: () => Promise<readonly ExpiredJob[]>;
  /** The ids of those that are to be swept. */
  readonly ids: () => Promise<readonly string[]>;
  /** Sweeps one, if it is still to be. */
  readonly one: (id: string) => Promise<readonly ExpiredJob[]>;
}

/** What was swept, and what could not be. */
export interface SweepResult {
  readonly expired: readonly ExpiredJob[];
  readonly refused: readonly RefusedSweep[];
}

/** Sweeps all in one step, or else each by itself. Rejects when the store cannot serve the call. */
export async function sweptApart({ all, ids, one }: Sweeps): Promise<SweepResult> {
  try {
    return { expired: await all(), refused: [] };
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
  }
  const expired: ExpiredJob[] = [];
  const refused: RefusedSweep[] = [];
  for (const jobId of await ids()) {
    try {
      expired.push(...await one(jobId));
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      refused.push({ jobId, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { expired, refused };
}
