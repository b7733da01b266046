/**
 * Ids that were copied from a table: a full one, or the end of one.
 *
 * @module
 */
import { isJobId, isWholeTraceId, readTraceId } from "../job/ids.ts";
import type { JobSummary } from "../job/job.ts";
import type { JobQueue } from "../queue/queue.ts";
import { FailedError, UsageError } from "./errors.ts";
import { jobTable } from "./text/job_table.ts";
import { type Look, plainLook } from "./text/look.ts";

/** How many jobs are looked through, the newest first. */
const SEARCHED = 10_000;
const LEAST_DIGITS = 6;

/** The id of the job that is meant. */
export async function findJobId(queue: JobQueue, text: string, look: Look): Promise<string> {
  const end = text.toLowerCase();
  if (isJobId(end)) return end;
  const found = await jobsWithEnd(queue, end, "a job id", ({ id }) => id);
  if (found.length === 1) return found[0]!.id;
  throw ambiguous(`${found.length} jobs have an id that ends in ${end}`, found, look);
}

/** The id of the trace that is meant. */
export async function findTraceId(queue: JobQueue, text: string, look: Look): Promise<string> {
  const end = text.toLowerCase();
  if (isWholeTraceId(end)) return readTraceId(end);
  const found = await jobsWithEnd(queue, end, "a trace id", ({ traceId }) => traceId);
  const traceIds = new Set(found.map(({ traceId }) => traceId));
  if (traceIds.size === 1) return found[0]!.traceId;
  throw ambiguous(`${traceIds.size} traces have an id that ends in ${end}`, found, look);
}

async function jobsWithEnd(
  queue: JobQueue,
  end: string,
  what: string,
  idOf: (job: JobSummary) => string,
): Promise<readonly JobSummary[]> {
  if (!/^[0-9a-f-]{1,36}$/.test(end) || end.replaceAll("-", "").length < LEAST_DIGITS) {
    throw new UsageError(
      `${
        what.replace("a", "A")
      } must be a whole one, or at least the last ${LEAST_DIGITS} of its hex digits: got ` +
        JSON.stringify(end.length > 60 ? `${end.slice(0, 60)}…` : end),
    );
  }
  const found: JobSummary[] = [];
  let cursor: string | undefined;
  for (let searched = 0; searched < SEARCHED; searched += 1_000) {
    const page = await queue.find({ limit: 1_000, cursor, include: [] });
    found.push(...page.jobs.filter((job) => idOf(job).endsWith(end)));
    cursor = page.nextCursor;
    if (cursor === undefined) break;
  }
  if (found.length > 0) return found;
  const where = cursor === undefined ? "" : ` among the newest ${SEARCHED.toLocaleString("en")}`;
  throw new FailedError(`No job${where} has ${what} that ends in ${end}`);
}

function ambiguous(sentence: string, found: readonly JobSummary[], look: Look): Error {
  // Whole ids: any end that is shown here should be enough.
  const table = jobTable(found.slice(0, 20), Date.now(), plainLook(look));
  return new FailedError(`${sentence}; give more of it:\n${table.join("\n")}`);
}
