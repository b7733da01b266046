/**
 * All jobs of a trace or a business process as one tree, read page by page.
 *
 * @module
 */
import type { Attempted, Job } from "../../job/job.ts";
import { withAttempts } from "../../queue/attempted_jobs.ts";
import { type JobTree, jobTree } from "../../queue/job_tree.ts";
import type { JobFilter } from "../../queue/lookup.ts";
import type { JobQueue } from "../../queue/queue.ts";

/** More than anybody looks at, and no more than can be held in memory at ease. */
const MOST_JOBS = 10_000;

/** The tree of the newest 10,000 jobs, with a `nextCursor` where there are more. */
export async function wholeTree(queue: JobQueue, filter: JobFilter): Promise<JobTree> {
  const jobs: (Job & Attempted)[] = [];
  let cursor: string | undefined;
  do {
    const page = await queue.find({ ...filter, limit: 1_000, cursor });
    for (const job of await withAttempts(queue.store, page.jobs)) jobs.push(job);
    cursor = page.nextCursor;
  } while (cursor !== undefined && jobs.length < MOST_JOBS);
  return jobTree(jobs, cursor);
}
