/**
 * Jobs that are enqueued in one call: their order, and which of them are connected.
 *
 * @module
 */
import { InputRangeError } from "./checks.ts";
import type { NewJob } from "./new_job.ts";

/**
 * Sorts jobs so that each follows its dependencies and its parent. Otherwise the order stays.
 *
 * @throws {RangeError} when jobs depend on each other in a cycle, or a job is in the list twice.
 */
export function inDependencyOrder(jobs: readonly NewJob[]): readonly NewJob[] {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  if (byId.size < jobs.length) throw new InputRangeError("A job can be in one call only once");
  if (jobs.every((job) => job.dependsOn === undefined && !job.parentId)) return jobs;
  const ordered = new Set<NewJob>();
  for (const job of jobs) place(job, byId, ordered);
  return [...ordered];
}

/** A depth-first search without recursion: a chain can be as long as the list. */
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
        `Jobs cannot depend on each other in a cycle: ${
          cycle(path.map((at) => at.job), step.value)
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

function cycle(path: readonly NewJob[], again: NewJob): string {
  const jobs = [...path.slice(path.indexOf(again)), again];
  const shownJobs = jobs.length > 6 ? [...jobs.slice(0, 3), undefined, ...jobs.slice(-2)] : jobs;
  return shownJobs.map((job) => job ? `${job.queueName} ${job.id}` : "…").join(" -> ");
}

/** For each job the first one of those that dependencies and parents connect it with. */
export function connected(jobs: readonly NewJob[]): (job: NewJob) => NewJob {
  const byId = new Map(jobs.map((job) => [job.id, job]));
  const towards = new Map<NewJob, NewJob>();
  const firstOf = (job: NewJob): NewJob => {
    let first = job;
    for (let next = towards.get(first); next !== undefined; next = towards.get(first)) first = next;
    // Shorten the whole path, so that long chains are not followed again and again.
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
