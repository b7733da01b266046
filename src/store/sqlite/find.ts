/**
 * Looking jobs up in a file.
 *
 * @module
 */
import { type JobPart, jobParts, longestSummary } from "../../job/record.ts";
import type { AttemptRecord } from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import type { JobRow } from "../transitions/job_table.ts";
import type { ChangeFilter, RecordFilter, RecordPage } from "../store.ts";
import { attemptBytes, countWithin, summaryBytes } from "../find.ts";
import type { Database, SqlValue } from "./database.ts";
import {
  attemptColumns,
  foundColumns,
  rowColumns,
  toAttemptRecord,
  toFound,
  toJobRow,
} from "./rows.ts";

/** Jobs that fit, newest first. First only their sizes are looked at. */
export function findJobs(database: Database, filter: RecordFilter): RecordPage {
  const { limit, maxBytes, include = jobParts, attempts = false } = filter;
  const { traceId } = filter;
  const search = searchOf(
    conditionsOf(filter, traceId === undefined ? undefined : ofTrace(database, traceId)),
  );
  const sizes = database.all(
    `select id, ${sizeOf(include, attempts)} as bytes from ${fromJobs(search)} ` +
      "order by sequence desc limit ?",
    ...search.values,
    limit + 1,
  );
  const count = countWithin(sizes.map(({ bytes }) => bytes as number), limit, maxBytes);
  if (count === 0) return { jobs: [], hasMore: false };
  const ids = sizes.slice(0, count).map(({ id }) => id as string);
  const jobs = database.all(
    `select ${foundColumns(include)} from (select key, value from json_each(?)) page ` +
      "cross join hammerwork_jobs indexed by hammerwork_jobs_id on id = page.value order by page.key",
    JSON.stringify(ids),
  ).map(toFound);
  const hasMore = count < sizes.length;
  if (!attempts) return { jobs, hasMore };
  const records = attemptsOf(database, ids, include.includes("stack"));
  return { jobs: jobs.map((job) => ({ ...job, attemptRecords: records.get(job.id)! })), hasMore };
}

/** The first jobs that a change is for, oldest first. */
export function matchingJobs(
  database: Database,
  filter: ChangeFilter,
  limit: number,
): readonly JobRow[] {
  const sequences = searchesOf(filter).flatMap((search) =>
    database.all(
      `select sequence from ${fromJobs(search)} order by sequence limit ?`,
      ...search.values,
      limit,
    )
  ).map(({ sequence }) => sequence as number).sort((a, b) => a - b).slice(0, limit);
  const job = `select ${rowColumns} from hammerwork_jobs where sequence = ?`;
  return sequences.map((sequence) => toJobRow(database.get(job, sequence)!));
}

/** How many jobs a change is for, counted up to a number. */
export function countMatching(database: Database, filter: ChangeFilter, most: number): number {
  const counts = searchesOf(filter).map((search) =>
    database.get(
      `select count(*) as count from (select 1 from ${fromJobs(search)} limit ?)`,
      ...search.values,
      most,
    )!.count as number
  );
  return Math.min(most, counts.reduce((sum, count) => sum + count, 0));
}

/** Of one queue, each status has an index of its own, which is in the order of the store. */
function searchesOf(filter: ChangeFilter): readonly Search[] {
  const { ids, traceId, parentId, correlationId, queueNames, statuses } = filter;
  const isByQueue = queueNames?.length === 1 &&
    (ids ?? traceId ?? parentId ?? correlationId) === undefined;
  const parts = isByQueue ? statuses!.map((status) => [status]) : [statuses!];
  return parts.map((statuses) => searchOf(changeConditions({ ...filter, statuses })));
}

function changeConditions(filter: ChangeFilter): readonly Condition[] {
  const { traceId, after, asOf } = filter;
  const own: Condition | undefined = traceId === undefined ? undefined : ofOwnTrace(traceId);
  return [
    ...conditionsOf(filter, own),
    ...after === undefined ? [] : [["sequence > ?", [after]] as const],
    ...asOf === undefined ? [] : [["coalesce(finished_at, 0) <= ?", [asOf]] as const],
  ];
}

/** The attempts of jobs, oldest first, by job. */
export function attemptsOf(
  database: Database,
  jobIds: readonly string[],
  hasStacks: boolean,
): ReadonlyMap<string, readonly AttemptRecord[]> {
  const rows = database.all(
    `select ${attemptColumns(hasStacks)} from json_each(?) j ` +
      "cross join hammerwork_attempts a indexed by hammerwork_attempts_job on a.job_id = j.value order by j.key, a.id",
    JSON.stringify(jobIds),
  );
  const records = new Map<string, AttemptRecord[]>(jobIds.map((id) => [id, []]));
  for (const record of rows.map(toAttemptRecord)) records.get(record.jobId)!.push(record);
  return records;
}

/** About how many bytes of a job are read with these parts. */
function sizeOf(include: readonly JobPart[], attempts: boolean): string {
  const bytes = (column: string) => `coalesce(octet_length(${column}), 0)`;
  return [
    String(summaryBytes),
    // As it is stored, a list of ids has its size in JSON.
    ...[bytes("depends_on"), bytes("baggage")],
    ...include.map((part) => bytes(part === "stack" ? "error" : part)),
    ...attempts ? [sizeOfAttempts(include.includes("stack"))] : [],
  ].join(" + ");
}

/** About how many bytes of a job's attempts are read. */
function sizeOfAttempts(hasStacks: boolean): string {
  const error = hasStacks ? "octet_length(error)" : `min(octet_length(error), ${longestSummary})`;
  return `coalesce((select sum(${attemptBytes} + coalesce(${error}, 0)) ` +
    "from hammerwork_attempts indexed by hammerwork_attempts_job " +
    "where job_id = hammerwork_jobs.id), 0)";
}

/** By what jobs are searched. */
interface Search {
  /** Which index is used, whatever the statistics say, or that the table is read from its end. */
  readonly index: string;
  readonly conditions: readonly string[];
  readonly values: readonly SqlValue[];
}

/** A part of a search, and the index that is made for it, if there is one. */
type Condition = readonly [sql: string, values: readonly SqlValue[], index?: string | undefined];

function fromJobs({ index, conditions }: Search): string {
  return `hammerwork_jobs ${index} where ${["true", ...conditions].join(" and ")}`;
}

function searchOf(conditions: readonly Condition[]): Search {
  const index = conditions.find(([, , index]) => index !== undefined)?.[2];
  return {
    index: index === undefined ? "not indexed" : `indexed by hammerwork_jobs_${index}`,
    conditions: conditions.map(([sql]) => sql),
    values: conditions.flatMap(([, values]) => values),
  };
}

/** A field that is not set has no condition. Those come first whose index finds the fewest jobs. */
function conditionsOf(
  filter: Omit<RecordFilter, "limit">,
  trace: Condition | undefined,
): readonly Condition[] {
  const { ids, parentId, correlationId, statuses, queueNames } = filter;
  const { createdFrom, createdBefore, before } = filter;
  const isOneQueue = queueNames?.length === 1;
  const asked: readonly (Condition | undefined)[] = [
    ids && oneOf("id", ids, "id"),
    trace,
    parentId === undefined ? undefined : ["parent_id = ?", [parentId], "parent"],
    correlationId === undefined
      ? undefined
      : ["correlation_id = ?", [correlationId], "correlation"],
    statuses && ofStatus(statuses, isOneQueue),
    queueNames && oneOf("queue_name", queueNames, isOneQueue ? "queue" : undefined),
    createdFrom === undefined ? undefined : ["created_at >= ?", [createdFrom]],
    createdBefore === undefined ? undefined : ["created_at < ?", [createdBefore]],
    before === undefined ? undefined : ["sequence < ?", [before]],
  ];
  return asked.filter((condition) => condition !== undefined);
}

/** One value is compared by `=`, so that an index is used in its order. */
function oneOf(column: string, values: readonly string[], index?: string): Condition {
  return values.length === 1
    ? [`${column} = ?`, values, index]
    : [`${column} in (select value from json_each(?))`, [JSON.stringify(values)], index];
}

/** Of one queue, jobs with one status have an index, in the order of the page but for those that run. */
function ofStatus(statuses: readonly JobStatus[], isOneQueue: boolean): Condition {
  const [status] = statuses;
  if (!isOneQueue || statuses.length !== 1) return oneOf("status", statuses);
  if (status === "running") return ["status = 'running'", [], "leased"];
  return ["status <> 'running' and status = ?", [status!], "status"];
}

/** Few traces have attempts of other traces' jobs; all others keep to the index in its order. */
function ofTrace(database: Database, traceId: string): Condition {
  const isRanIn = database.get(
    "select 1 from hammerwork_attempt_traces where trace_id = ?",
    traceId,
  );
  if (!isRanIn) return ofOwnTrace(traceId);
  const ids =
    "select id from hammerwork_jobs indexed by hammerwork_jobs_trace where trace_id = ? " +
    "union all select job_id from hammerwork_attempt_traces where trace_id = ?";
  return [`id in (${ids})`, [traceId, traceId], "id"];
}

function ofOwnTrace(traceId: string): Condition {
  return ["trace_id = ?", [traceId], "trace"];
}
