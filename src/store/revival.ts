/**
 * What may come back when a job is retried, by the rules of every store: what keeps a job from it, and
 * which of the dependents that its end cancelled come back with it.
 *
 * @module
 */
import type { JobRecord } from "../job/record.ts";
import type { JobStatus } from "../job/status.ts";
import type { FailedDependency, Hindrance } from "./store.ts";

/** Where a job stands; `undefined` when it is not stored. */
export type StatusOf = (id: string) => JobStatus | undefined;

/** A dependent that was cancelled because of a job that it depends on. */
export type CancelledDependent = Pick<JobRecord, "id" | "dependsOn">;

/** What comes of the dependents that a job's end cancelled, and of theirs. */
export interface Revival<Dependent> {
  /** Those that come back. */
  readonly revived: readonly Dependent[];
  /** Those that stay cancelled because of another job than before. */
  readonly kept: readonly { readonly job: Dependent; readonly cause: FailedDependency }[];
}

/**
 * The first dependency that keeps a job from being retried: one that did not complete, or of which
 * nobody knows, since it is no longer stored and the job has never begun.
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

/**
 * Decides which dependents come back with a job that is retried: those that its end cancelled, and in
 * turn theirs, unless they depend on another job that did not complete. Each is looked at once, and
 * each of its dependencies. One that is no longer stored had completed: what ends later is removed
 * later.
 */
export function revivalOf<Dependent extends CancelledDependent>(
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

interface Link<Dependent> {
  readonly job: Dependent;
  /** The job because of which it was cancelled. */
  readonly cause: string;
}

/** All that were cancelled because of a job, because of those, and so on. */
function chainOf<Dependent extends CancelledDependent>(
  retriedId: string,
  cancelledBy: (id: string) => Iterable<Dependent>,
): Map<string, Link<Dependent>> {
  const chain = new Map<string, Link<Dependent>>();
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
  chain: ReadonlyMap<string, Link<Dependent>>,
): ReadonlyMap<string, readonly Link<Dependent>[]> {
  const dependentsOf = new Map<string, Link<Dependent>[]>();
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

function firstFailed(
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
