/**
 * All jobs of a trace or a business process as one tree, read page by page.
 *
 * @module
 */
import type { Attempted, JobSummary } from "../../job/job.ts";
import { findAttempted } from "../../queue/attempted_jobs.ts";
import { type JobTree, jobTree } from "../../queue/job_tree.ts";
import type { JobFilter } from "../../queue/lookup.ts";
import type { JobQueue } from "../../queue/queue.ts";
import { Breath } from "../../worker/breath.ts";

/** More than anybody looks at, and no more than can be held in memory at ease. */
const MOST_JOBS = 10_000;

/** The tree of the newest 10,000 jobs, with a `nextCursor` where there are more. */
export async function wholeTree(queue: JobQueue, filter: JobFilter): Promise<JobTree> {
  const jobs: (JobSummary & Attempted)[] = [];
  const breath = new Breath();
  let cursor: string | undefined;
  do {
    const page = await findAttempted(queue.store, { ...filter, include: [], cursor });
    for (const job of page.jobs) jobs.push(job);
    cursor = page.nextCursor;
    await breath.take();
  } while (cursor !== undefined && jobs.length < MOST_JOBS);
  return jobTree({ jobs, nextCursor: cursor });
}
