/**
 * Looking jobs up in a file.
 *
 * @module
 */
import { type JobPart, jobParts, longestSummary } from "../../job/record.ts";
import type { AttemptRecord } from "../../job/record.ts";
import type { RecordFilter, RecordPage } from "../store.ts";
import { attemptBytes, countWithin, summaryBytes } from "../find.ts";
import type { Database, SqlValue } from "./database.ts";
import { attemptColumns, foundColumns, toAttemptRecord, toFound } from "./rows.ts";

/** Jobs that fit, newest first. First only their sizes are looked at. */
export function findJobs(database: Database, filter: RecordFilter): RecordPage {
  const { limit, maxBytes, include = jobParts, attempts = false } = filter;
  const conditions = conditionsOf(database, filter);
  const where = ["true", ...conditions.map(([condition]) => condition)].join(" and ");
  // A condition may ask for its value more than once.
  const values = conditions.flatMap(([condition, value]) =>
    Array<SqlValue>(condition.split("?").length - 1).fill(value)
  );
  const select = (columns: string, more: string, ...moreValues: SqlValue[]) =>
    database.all(
      `select ${columns} from hammerwork_jobs where ${where} ${more}`,
      ...values,
      ...moreValues,
    );
  const measured = `sequence, ${sizeOf(include, attempts)} as bytes`;
  const sizes = select(measured, "order by sequence desc limit ?", limit + 1);
  const count = countWithin(sizes.map(({ bytes }) => bytes as number), limit, maxBytes);
  if (count === 0) return { jobs: [], hasMore: false };
  // Between these: another process may have added jobs meanwhile.
  const [newest, oldest] = [sizes[0]!.sequence!, sizes[count - 1]!.sequence!];
  const page = "and sequence between ? and ? order by sequence desc";
  const rows = select(foundColumns(include), page, oldest, newest);
  const jobs = rows.map(toFound);
  const hasMore = count < sizes.length;
  if (!attempts) return { jobs, hasMore };
  const records = attemptsOf(database, jobs.map(({ id }) => id), include.includes("stack"));
  return { jobs: jobs.map((job) => ({ ...job, attemptRecords: records.get(job.id)! })), hasMore };
}

/** The attempts of jobs, oldest first, by job. */
export function attemptsOf(
  database: Database,
  jobIds: readonly string[],
  hasStacks: boolean,
): ReadonlyMap<string, readonly AttemptRecord[]> {
  const rows = database.all(
    `select ${attemptColumns(hasStacks)} from json_each(?) j ` +
      "cross join hammerwork_attempts a on a.job_id = j.value order by j.key, a.id",
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
    "from hammerwork_attempts where job_id = hammerwork_jobs.id), 0)";
}

/** The conditions with their values. A field that is not set has no condition in the statement. */
function conditionsOf(
  database: Database,
  filter: RecordFilter,
): readonly (readonly [string, SqlValue])[] {
  const asked: readonly (readonly [string, SqlValue | undefined])[] = [
    ["id in (select value from json_each(?))", filter.ids && JSON.stringify(filter.ids)],
    ...inQueues(filter.queueNames),
    [
      "status in (select value from json_each(?))",
      filter.statuses && JSON.stringify(filter.statuses),
    ],
    [ofTrace(database, filter.traceId), filter.traceId],
    ["correlation_id = ?", filter.correlationId],
    ["parent_id = ?", filter.parentId],
    ["created_at >= ?", filter.createdFrom],
    ["created_at < ?", filter.createdBefore],
    ["sequence < ?", filter.before],
  ];
  return asked.filter((one): one is readonly [string, SqlValue] => one[1] !== undefined);
}

/** One queue is compared by `=`, so that its index is used in its order. */
function inQueues(
  queueNames: readonly string[] | undefined,
): readonly (readonly [string, SqlValue | undefined])[] {
  if (queueNames?.length === 1) return [["queue_name = ?", queueNames[0]]];
  return [[
    "queue_name in (select value from json_each(?))",
    queueNames && JSON.stringify(queueNames),
  ]];
}

/** Few traces have attempts of other traces' jobs; all others keep to the index in its order. */
function ofTrace(database: Database, traceId: string | undefined): string {
  const isRanIn = traceId !== undefined &&
    database.get("select 1 from hammerwork_attempt_traces where trace_id = ?", traceId);
  if (!isRanIn) return "trace_id = ?";
  return "sequence in (select sequence from hammerwork_jobs where trace_id = ? union all " +
    "select sequence from hammerwork_jobs where id in " +
    "(select job_id from hammerwork_attempt_traces where trace_id = ?))";
}
