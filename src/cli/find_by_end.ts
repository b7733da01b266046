/**
 * Finds a job or a trace by its whole id or by the end of it, as tables show ids.
 *
 * @module
 */
import { shown } from "../job/checks.ts";
import { isJobId, isWholeTraceId, readTraceId } from "../job/ids.ts";
import type { JobSummary } from "../job/job.ts";
import { mostSearched, newestJobs, readIdEnd } from "../queue/newest_jobs.ts";
import type { JobQueue } from "../queue/queue.ts";
import { asUsage, FailedError, UsageError } from "./errors.ts";
import { jobTable } from "./text/job_table.ts";
import { plainStyle, type Style } from "./text/style.ts";

/** The id of a job, from the whole of it or its end. */
export async function findJobId(queue: JobQueue, text: string, style: Style): Promise<string> {
  const end = text.toLowerCase();
  if (isJobId(end)) return end;
  if (readIdEnd(end) === undefined) {
    throw new UsageError(
      `A job id must be complete, or at least its last 6 hex digits: got ` +
        shown(text),
    );
  }
  const { found, searched } = await jobsWithEnd(queue, end, ({ id }) => id);
  if (found.length === 1) return found[0]!.id;
  if (found.length === 0) {
    throw new FailedError(`No job${searched} has a job id that ends in ${end}`);
  }
  throw ambiguous(`${found.length} jobs have an id that ends in ${end}`, found, style);
}

/** What the text of a trace can be, and how an error says that no job has it. */
export interface FoundTrace {
  /** The id of the trace, if the text is a whole id, or the end of the id of a stored one. */
  readonly traceId: string | undefined;
  /** For example `the trace id 4bf9…` or `a trace id that ends in 0e4736`. */
  readonly sought: string;
}

/**
 * The id of a trace, from the whole of it or its end; `undefined` for a text that is neither.
 *
 * @throws {FailedError} when several traces have an id with this end.
 */
export async function findTrace(
  queue: JobQueue,
  text: string,
  style: Style,
): Promise<FoundTrace | undefined> {
  const end = text.toLowerCase();
  if (isWholeTraceId(end)) {
    const traceId = asUsage("ID", () => readTraceId(end));
    return { traceId, sought: `the trace id ${traceId}` };
  }
  if (readIdEnd(end) === undefined) return undefined;
  const { found, searched } = await jobsWithEnd(queue, end, ({ traceId }) => traceId);
  const traceIds = new Set(found.map(({ traceId }) => traceId));
  if (traceIds.size > 1) {
    throw ambiguous(`${traceIds.size} traces have an id that ends in ${end}`, found, style);
  }
  return { traceId: found[0]?.traceId, sought: `a trace id that ends in ${end}${searched}` };
}

/** The jobs whose id ends so, and as words where not all jobs were searched. */
interface JobsWithEnd {
  readonly found: readonly JobSummary[];
  readonly searched: string;
}

async function jobsWithEnd(
  queue: JobQueue,
  end: string,
  idOf: (job: JobSummary) => string,
): Promise<JobsWithEnd> {
  const found: JobSummary[] = [];
  let hasMore = false;
  for await (const { jobs, nextCursor } of newestJobs((filter) => queue.find(filter))) {
    found.push(...jobs.filter((job) => idOf(job).endsWith(end)));
    hasMore = nextCursor !== undefined;
  }
  const searched = hasMore ? ` among the newest ${mostSearched.toLocaleString("en")}` : "";
  return { found, searched };
}

function ambiguous(sentence: string, found: readonly JobSummary[], style: Style): Error {
  // Whole ids: an end that is shown here must be enough to choose one.
  const table = jobTable(found.slice(0, 20), Date.now(), plainStyle(style));
  return new FailedError(`${sentence}; give more digits:\n${table.join("\n")}`);
}
