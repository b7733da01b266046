/**
 * A caller's retry of an ended job, and which of the dependents that its end cancelled come back with
 * it.
 *
 * @module
 */
import { mostAttempts } from "../../job/job_options.ts";
import type { JobRecord } from "../../job/record.ts";
import { canBeRetried, hasEnded } from "../../job/status.ts";
import { dependencyFailed, firstFailed, hindranceOf, type StatusOf } from "../rules.ts";
import type { ChangedRecord, FailedDependency, Hindrance, RetryRecordOptions } from "../store.ts";
import type { JobChanges, JobRow } from "./job_table.ts";
import { operationOf, type Step } from "./step.ts";

/** Retries a job that failed or was cancelled, unless a dependency hinders it. */
export function retry<Row extends JobRow>(
  step: Step<Row>,
  id: string,
  options: RetryRecordOptions = {},
): ChangedRecord | undefined {
  const row = step.jobs.row(id);
  if (row === undefined) return undefined;
  const answer = retryOne(step, row, options);
  return { job: step.jobs.record(id)!, ...answer };
}

/** The same, and says whether it has, or what hinders it. */
export function retryOne<Row extends JobRow>(
  step: Step<Row>,
  row: Row,
  { dependents = true, force = false, operator }: RetryRecordOptions,
): { readonly changed: boolean; readonly hindrance?: Hindrance | undefined } {
  const { jobs, now } = step;
  const { id } = row;
  const mayRetry = canBeRetried(row.status) && row.attempts < mostAttempts;
  const statusOf = (id: string) => jobs.row(id)?.status;
  const hindrance = mayRetry && !force ? hindranceOf(row, statusOf) : undefined;
  if (!mayRetry || hindrance !== undefined) return { changed: false, hindrance };
  const { revived, kept } = dependents
    ? revivalOf(id, (id) => jobs.cancelledFor(id), statusOf)
    : { revived: [], kept: [] };
  revive(step, row, { runAt: now, ...operationOf(step, "retry", operator) });
  for (const dependent of revived) revive(step, dependent, { error: null });
  for (const dependent of revived) awaitDependencies(step, dependent);
  if (!awaitDependencies(step, row)) step.wait(row, { status: "ready" });
  for (const { job, cause } of kept) jobs.update(job, { error: dependencyFailed(cause) });
  return { changed: true };
}

/** Brings an ended job back as one that waits for others, with at least one more attempt. */
function revive<Row extends JobRow>(step: Step<Row>, row: Row, changes: JobChanges): void {
  const maxAttempts = Math.max(row.maxAttempts, row.attempts + 1);
  step.jobs.update(row, { ...changes, status: "blocked", finishedAt: null, maxAttempts });
}

/** Makes a job wait for those of its dependencies that have not ended. Returns whether it does. */
function awaitDependencies<Row extends JobRow>({ jobs }: Step<Row>, row: Row): boolean {
  if (row.dependsOn.length === 0) return false;
  const statuses = jobs.statuses(row.dependsOn);
  const unfinished = row.dependsOn.filter((id) => !hasEnded(statuses.get(id) ?? "completed"));
  if (unfinished.length > 0) jobs.waitFor(row.id, unfinished);
  return unfinished.length > 0;
}

/** A dependent that was cancelled because of a job that it depends on. */
type CancelledDependent = Pick<JobRecord, "id" | "dependsOn">;

/** What happens to the dependents that a job's end cancelled, and to theirs. */
interface Revival<Dependent> {
  /** Those that come back. */
  readonly revived: readonly Dependent[];
  /** Those that stay cancelled because of another job than before. */
  readonly kept: readonly { readonly job: Dependent; readonly cause: FailedDependency }[];
}

/**
 * Decides which dependents come back with a job that is retried: those that its end cancelled, and in
 * turn theirs, unless they depend on another job that did not complete. Each is looked at once, and
 * each of its dependencies. One that is no longer stored had completed: what ends later is removed
 * later.
 */
function revivalOf<Dependent extends CancelledDependent>(
  retriedId: string,
  cancelledBy: (id: string) => Iterable<Dependent>,
  statusOf: StatusOf,
): Revival<Dependent> {
  const chain = chainOf(retriedId, cancelledBy);
  const isBack = (id: string) => id === retriedId || chain.has(id);
  const failed = ({ dependsOn }: Dependent) =>
    firstFailed(dependsOn, (id) => isBack(id) ? undefined : statusOf(id));
  const dependentsOf = dependentsWithin(chain);
  const staying = [...chain.values()].filter(({ job }) => failed(job) !== undefined);
  for (const { job } of staying) chain.delete(job.id);
  for (const { job } of staying) {
    for (const dependent of dependentsOf.get(job.id) ?? []) {
      if (chain.delete(dependent.job.id)) staying.push(dependent);
    }
  }
  const kept = staying.filter(({ cause }) => isBack(cause))
    .map(({ job }) => ({ job, cause: failed(job)! }));
  return { revived: [...chain.values()].map(({ job }) => job), kept };
}

interface ChainLink<Dependent> {
  readonly job: Dependent;
  /** The job because of which it was cancelled. */
  readonly cause: string;
}

/** All that were cancelled because of a job, because of those, and so on. */
function chainOf<Dependent extends CancelledDependent>(
  retriedId: string,
  cancelledBy: (id: string) => Iterable<Dependent>,
): Map<string, ChainLink<Dependent>> {
  const chain = new Map<string, ChainLink<Dependent>>();
  const causes = [retriedId];
  for (const cause of causes) {
    for (const job of cancelledBy(cause)) {
      chain.set(job.id, { job, cause });
      causes.push(job.id);
    }
  }
  return chain;
}

function dependentsWithin<Dependent extends CancelledDependent>(
  chain: ReadonlyMap<string, ChainLink<Dependent>>,
): ReadonlyMap<string, readonly ChainLink<Dependent>[]> {
  const dependentsOf = new Map<string, ChainLink<Dependent>[]>();
  for (const link of chain.values()) {
    for (const id of link.job.dependsOn) {
      if (!chain.has(id)) continue;
      const dependents = dependentsOf.get(id);
      if (dependents === undefined) dependentsOf.set(id, [link]);
      else dependents.push(link);
    }
  }
  return dependentsOf;
}
