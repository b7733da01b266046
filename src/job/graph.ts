/**
 * Jobs that are enqueued together: in which order, and which of them belong together.
 *
 * @module
 */
import { InputRangeError } from "./checks.ts";
import type { NewJob } from "./new_job.ts";

/**
 * Puts every job behind the jobs of the same call that it depends on or is a part of; otherwise the
 * given order stays.
 *
 * @throws {RangeError} when jobs wait for each other in a circle, or one stands in the list twice.
 */
export function inDependencyOrder(jobs: readonly NewJob[]): readonly NewJob[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  if (byId.size < jobs.length) throw new InputRangeError("A job can stand in one call only once");
  if (jobs.every((job) => job.dependsOn === undefined && !job.parentId)) return jobs;
  const ordered = new Set<NewJob>();
  for (const job of jobs) place(job, byId, ordered);
  return [...ordered];
}

/** A depth-first walk without recursion: a chain may be as long as the call. */
function place(first: NewJob, byId: ReadonlyMap<string, NewJob>, ordered: Set<NewJob>): void {
  const path = [{ job: first, next: predecessors(first, byId)[Symbol.iterator]() }];
  const onPath = new Set([first]);
  while (path.length > 0) {
    const { job, next } = path.at(-1)!;
    const step = ordered.has(job) ? { done: true as const, value: undefined } : next.next();
    if (step.done) {
      ordered.add(job);
      onPath.delete(job);
      path.pop();
    } else if (onPath.has(step.value)) {
      throw new InputRangeError(
        `Jobs cannot wait for each other in a circle: ${
          circle(path.map((at) => at.job), step.value)
        }`,
      );
    } else if (!ordered.has(step.value)) {
      onPath.add(step.value);
      path.push({ job: step.value, next: predecessors(step.value, byId)[Symbol.iterator]() });
    }
  }
}

function predecessors(job: NewJob, byId: ReadonlyMap<string, NewJob>): NewJob[] {
  const ids = job.parentId ? [...job.dependsOn ?? [], job.parentId] : job.dependsOn ?? [];
  return ids.flatMap((id) => byId.get(id) ?? []);
}

function circle(path: readonly NewJob[], again: NewJob): string {
  const jobs = [...path.slice(path.indexOf(again)), again];
  const shownJobs = jobs.length > 6 ? [...jobs.slice(0, 3), undefined, ...jobs.slice(-2)] : jobs;
  return shownJobs.map((job) => job ? `${job.queueName} ${job.id}` : "…").join(" -> ");
}

/** Groups jobs that a dependency or a parent connects. Gives the group's first job for each. */
export function connected(jobs: readonly NewJob[]): (job: NewJob) => NewJob {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const towards = new Map<NewJob, NewJob>();
  const firstOf = (job: NewJob): NewJob => {
    let first = job;
    for (let next = towards.get(first); next !== undefined; next = towards.get(first)) first = next;
    // The whole way becomes short, or long chains would be walked again and again.
    for (let at = job; at !== first;) {
      const next = towards.get(at)!;
      towards.set(at, first);
      at = next;
    }
    return first;
  };
  for (const job of jobs) {
    for (const before of predecessors(job, byId)) {
      const [a, b] = [firstOf(before), firstOf(job)];
      if (a !== b) towards.set(b, a);
    }
  }
  return firstOf;
}
