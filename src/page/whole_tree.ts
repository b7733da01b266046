/**
 * All jobs of a trace or a business process as one tree, read page by page.
 *
 * @module
 */
import type { JobSummary, JobWithAttempts } from "../job/job.ts";
import { type JobTree, jobTree } from "../queue/job_tree.ts";
import type { JobFilter } from "../queue/lookup.ts";
import type { AllowedJobs } from "../http/allowed_jobs.ts";
import { EventLoopYield } from "../worker/event_loop_yield.ts";

/** More than anybody looks at, and no more than can be held in memory at ease. */
const MOST_JOBS = 10_000;

/** The tree of the newest 10,000 jobs, with a `nextCursor` where there are more. */
export async function wholeTree(jobs: AllowedJobs, filter: JobFilter): Promise<JobTree> {
  const all: JobWithAttempts<JobSummary>[] = [];
  const eventLoop = new EventLoopYield();
  let cursor: string | undefined;
  do {
    const page = await jobs.findWithAttempts({ ...filter, limit: 1_000, include: [], cursor });
    for (const job of page.jobs) all.push(job);
    cursor = page.nextCursor;
    await eventLoop.yieldIfDue();
  } while (cursor !== undefined && all.length < MOST_JOBS);
  return jobTree({ jobs: all, nextCursor: cursor });
}
