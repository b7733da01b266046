/**
 * Finds a job or a trace by its whole id or by the end of it, as tables show ids.
 *
 * @module
 */
import { isJobId, isWholeTraceId, readTraceId } from "../job/ids.ts";
import type { JobSummary } from "../job/job.ts";
import { mostSearched, newestJobs, readIdEnd } from "../queue/newest_jobs.ts";
import type { JobQueue } from "../queue/queue.ts";
import { FailedError, UsageError } from "./errors.ts";
import { jobTable } from "./text/job_table.ts";
import { plainStyle, type Style } from "./text/style.ts";

/** The id of a job, from the whole of it or its end. */
export async function findJobId(queue: JobQueue, text: string, style: Style): Promise<string> {
  const end = text.toLowerCase();
  if (isJobId(end)) return end;
  const found = await jobsWithEnd(queue, end, "job id", ({ id }) => id);
  if (found.length === 1) return found[0]!.id;
  throw ambiguous(`${found.length} jobs have an id that ends in ${end}`, found, style);
}

/** The id of a trace, from the whole of it or its end. */
export async function findTraceId(queue: JobQueue, text: string, style: Style): Promise<string> {
  const end = text.toLowerCase();
  if (isWholeTraceId(end)) return readTraceId(end);
  const found = await jobsWithEnd(queue, end, "trace id", ({ traceId }) => traceId);
  const traceIds = new Set(found.map(({ traceId }) => traceId));
  if (traceIds.size === 1) return found[0]!.traceId;
  throw ambiguous(`${traceIds.size} traces have an id that ends in ${end}`, found, style);
}

async function jobsWithEnd(
  queue: JobQueue,
  end: string,
  what: string,
  idOf: (job: JobSummary) => string,
): Promise<readonly JobSummary[]> {
  if (readIdEnd(end) === undefined) {
    throw new UsageError(
      `A ${what} must be complete, or at least its last 6 hex digits: got ` +
        JSON.stringify(end.length > 60 ? `${end.slice(0, 60)}…` : end),
    );
  }
  const found: JobSummary[] = [];
  let hasMore = false;
  for await (const { jobs, nextCursor } of newestJobs((filter) => queue.find(filter))) {
    found.push(...jobs.filter((job) => idOf(job).endsWith(end)));
    hasMore = nextCursor !== undefined;
  }
  if (found.length > 0) return found;
  const where = hasMore ? ` among the newest ${mostSearched.toLocaleString("en")}` : "";
  throw new FailedError(`No job${where} has a ${what} that ends in ${end}`);
}

function ambiguous(sentence: string, found: readonly JobSummary[], style: Style): Error {
  // Whole ids: an end that is shown here must be enough to choose one.
  const table = jobTable(found.slice(0, 20), Date.now(), plainStyle(style));
  return new FailedError(`${sentence}; give more digits:\n${table.join("\n")}`);
}
