/**
 * The newest jobs page by page, for searches that no store has an index for.
 *
 * @module
 */
import type { JobSummary } from "../job/job.ts";
import { EventLoopYield } from "../worker/sleep.ts";
import type { JobFilter, JobPage } from "./find.ts";

/** How many jobs such a search reads at most. */
export const mostSearched = 10_000;

const ON_A_PAGE = 1_000;

/** Finds a page of jobs, as `JobQueue.find` does. */
export type FindPage = (filter: JobFilter<string, never>) => Promise<JobPage<JobSummary>>;

/** The pages of the newest 10,000 jobs that match. The last one has a `nextCursor` if there are more. */
export async function* newestJobs(
  find: FindPage,
  filter: JobFilter<string, never> = {},
): AsyncGenerator<JobPage<JobSummary>> {
  const eventLoop = new EventLoopYield();
  let cursor: string | undefined;
  for (let searched = 0; searched < mostSearched; searched += ON_A_PAGE) {
    const page = await find({ ...filter, limit: ON_A_PAGE, cursor, include: [] });
    yield page;
    cursor = page.nextCursor;
    if (cursor === undefined) return;
    await eventLoop.yieldIfDue();
  }
}

const LEAST_DIGITS = 6;

/** The text in lower case if it can be the end of an id: at least 6 hex digits, with or without dashes. */
export function readIdEnd(text: string): string | undefined {
  const end = text.toLowerCase();
  const isEnd = /^[0-9a-f-]{1,36}$/.test(end) && end.replaceAll("-", "").length >= LEAST_DIGITS;
  return isEnd ? end : undefined;
}
