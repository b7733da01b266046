/**
 * Looking jobs up in Postgres.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../../job/status.ts";
import {
  type AttemptRecord,
  type AttemptRecords,
  type FoundRecord,
  type JobPart,
  jobParts,
  type JobRecord,
} from "../../job/record.ts";
import { bytesOfAttempt, dependencyBytes, summaryBytes } from "../find.ts";
import type { ChangeFilter, GetOptions, QueueCount, RecordFilter, RecordPage } from "../store.ts";
import type { Client, Row, SqlValue } from "./client.ts";
import {
  attemptColumns,
  foundColumns,
  jobColumns,
  toAttemptRecord,
  toFound,
  toRecord,
} from "./rows.ts";

/** One job, whole; in one statement with its attempts, so that both are of one moment. */
export async function getRecord(
  client: Client,
  schema: string,
  id: string,
  { attempts = false }: GetOptions,
): Promise<(JobRecord & AttemptRecords) | undefined> {
  const history = attempts
    ? `, (select json_agg(row_to_json(a) order by a.n) from (select a.id as n, ` +
      `${
        attemptColumns(schema, "a", true)
      } from ${schema}.attempts a where a.job_id = j.id) a)::text ` +
      "as attempt_records"
    : "";
  const [row] = await client.look(
    `select ${jobColumns("j")}${history} from ${schema}.jobs j where id = $1::text::uuid`,
    [uuidOrNull(id)],
  );
  if (row === undefined || !attempts) return row && toRecord(row);
  const rows = JSON.parse(row.attempt_records as string | null ?? "[]") as readonly Row[];
  return { ...toRecord(row), attemptRecords: rows.map(toAttemptRecord) };
}

/** Jobs that fit, newest first. */
export async function findRecords(
  client: Client,
  schema: string,
  filter: RecordFilter,
): Promise<RecordPage> {
  const { text, values } = findQuery(schema, filter);
  const rows = await client.look(text, values);
  const page = { jobs: rows.map(toFound), hasMore: rows.length < Number(rows[0]?.found ?? 0) };
  if (!filter.attempts) return page;
  return await withAttempts(client, schema, filter, page, rows.map(({ bytes }) => Number(bytes)));
}

// So many attempts are read in one statement.
const ATTEMPTS_AT_ONCE = 1_000;
const WITH_STACKS_AT_ONCE = 100;

/**
 * A page with the records of its jobs' attempts. Where they are too many for one page it ends earlier,
 * with one job at least. `sizes` are the sums of the jobs' own bytes up to each.
 */
async function withAttempts(
  client: Client,
  schema: string,
  { maxBytes = Infinity, include = jobParts }: RecordFilter,
  { jobs, hasMore }: RecordPage,
  sizes: readonly number[],
): Promise<RecordPage> {
  const hasStacks = include.includes("stack");
  let limit = hasStacks ? WITH_STACKS_AT_ONCE : ATTEMPTS_AT_ONCE;
  let bytes = 0;
  const found: FoundRecord[] = [];
  while (found.length < jobs.length) {
    const rest = jobs.slice(found.length);
    const records = await readAttempts(client, schema, rest, hasStacks, limit);
    // Where as many came as can, those of the last job may go on.
    const cut = records.length < limit ? undefined : records.at(-1)!.jobId;
    // One job alone has as many: it is read in one piece.
    if (cut === rest[0]!.id) limit *= 2;
    const byJob = new Map<string, AttemptRecord[]>(rest.map(({ id }) => [id, []]));
    for (const record of records) byJob.get(record.jobId)!.push(record);
    for (const job of rest) {
      if (job.id === cut) break;
      const attemptRecords = byJob.get(job.id)!;
      for (const record of attemptRecords) bytes += bytesOfAttempt(record, include);
      if (found.length > 0 && bytes + sizes[found.length]! > maxBytes) {
        return { jobs: found, hasMore: true };
      }
      found.push({ ...job, attemptRecords });
    }
  }
  return { jobs: found, hasMore };
}

async function readAttempts(
  client: Client,
  schema: string,
  jobs: readonly FoundRecord[],
  hasStacks: boolean,
  limit: number,
): Promise<readonly AttemptRecord[]> {
  const rows = await client.look(
    `select ${attemptColumns(schema, "a", hasStacks)}
      from jsonb_array_elements_text($1::text::jsonb) with ordinality as j (id, ord)
        join ${schema}.attempts a on a.job_id = j.id::uuid
      order by j.ord, a.id limit $2`,
    [JSON.stringify(jobs.map(({ id }) => id)), limit],
  );
  return rows.map(toAttemptRecord);
}

/** A statement and its values. */
export interface Query {
  readonly text: string;
  readonly values: SqlValue[];
}

/** Jobs that fit, newest first. */
export function findQuery(schema: string, filter: RecordFilter): Query {
  const { limit, maxBytes, include = jobParts } = filter;
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const most = parameter(limit + 1);
  const found = matchingJobs(schema, filter, { columns: "*", order: "desc", most, parameter });
  // What is stored apart is still only referred to while jobs are counted and measured.
  const measured = `select m.*, row_number() over newest as place, count(*) over () as found,
      sum(${sizeOf("m", include)}) over newest as bytes
    from (select * from (${found}) b order by sequence desc limit ${most}) m
    window newest as (order by sequence desc rows unbounded preceding)`;
  const fits = maxBytes === undefined
    ? ""
    : ` and (j.bytes <= ${parameter(maxBytes)}::float8 or j.place = 1)`;
  return {
    text: `select ${
      foundColumns("j", include)
    }, j.found::float8 as found, j.bytes::float8 as bytes from (${measured}) j
      where j.place <= ${parameter(limit)}${fits} order by j.sequence desc`,
    values,
  };
}

/** Which jobs to look for: as to find, or as to change. */
type Matched = Omit<RecordFilter, "limit"> & Pick<ChangeFilter, "after" | "asOf">;

/** What to read of jobs that match. */
interface Matching {
  readonly columns: string;
  /** In the order of their sequences. */
  readonly order: "asc" | "desc";
  /** How many at most, an SQL expression: so many of each part. */
  readonly most: string;
  /**
   * Whether jobs of some statuses are looked for among the few with an id, a trace, a correlation id or
   * a parent, if the filter has one, rather than where such jobs are. A trace is then a job's own.
   */
  readonly isByKey?: boolean;
  /** Adds a value to the statement, and says how it is written there. */
  readonly parameter: (value: SqlValue) => string;
}

/**
 * The jobs that match, from which the first are to be taken. Each status is queried by itself, where such
 * jobs are, as a word and not as a value: so the index that holds only such jobs can be used, whatever the
 * planner knows.
 */
export function matchingJobs(
  schema: string,
  filter: Matched,
  { columns, order, most, isByKey = false, parameter }: Matching,
): string {
  const conditions = conditionsOf(filter, parameter);
  const select = (view: string, more: readonly string[]) => {
    const all = [...conditions, ...more];
    const where = all.length > 0 ? `where ${all.join(" and ")} ` : "";
    return `select ${columns} from ${schema}.${view} ${where}order by sequence ${order} limit ${most}`;
  };
  // The server refuses a parameter that the statement does not use.
  const queues = filter.statuses?.length === 0 ? [] : queueConditions(filter, parameter);
  const ofTraces = queues.length === 0 ? [] : traceConditions(schema, filter, isByKey, parameter);
  const statuses = queues.length === 0 ? [] : statusConditions(filter, isByKey, parameter);
  // An OR would be a pass over the whole trace; of each branch only the first are read.
  const branches = ofTraces.flatMap((trace) =>
    queues.flatMap((queue) =>
      statuses.map(({ view, is }) => select(view, [...trace, ...queue, ...is]))
    )
  );
  return branches.length === 0
    ? select("jobs", ["false"])
    : branches.map((branch) => `(${branch})`).join(" union all ");
}

/** Where jobs of each status are, and what is asked of them there. */
function statusConditions(
  filter: Matched,
  isByKey: boolean,
  parameter: (value: SqlValue) => string,
): readonly { readonly view: string; readonly is: readonly string[] }[] {
  const { statuses, asOf } = filter;
  if (statuses === undefined) return [{ view: "jobs", is: [] }];
  const isOver = asOf === undefined || !statuses.some(hasEnded)
    ? []
    : [`finished_at <= to_timestamp(${parameter(asOf)}::float8 / 1000)`];
  if (isByKey && hasKey(filter)) {
    const words = statuses.map((status) => `'${status}'`);
    return [{ view: "jobs", is: [`status in (${words.join(", ")})`, ...isOver] }];
  }
  return [...new Set(statuses)].map((status) => ({
    view: viewOf(status),
    is: [`status = '${status}'`, ...hasEnded(status) ? isOver : []],
  }));
}

function hasKey({ ids, traceId, correlationId, parentId }: Matched): boolean {
  return [ids, traceId, correlationId, parentId].some((key) => key !== undefined);
}

/** The view of the table where such jobs are. */
function viewOf(status: JobStatus): string {
  if (hasEnded(status)) return "jobs_ended";
  return status === "ready" || status === "running" ? `jobs_${status}` : "jobs_waiting";
}

/** About how many bytes of a job are read with these parts. */
function sizeOf(job: string, include: readonly JobPart[]): string {
  const bytes: Readonly<Record<JobPart, string>> = {
    payload: `${job}.payload_bytes`,
    result: `coalesce(${job}.result_bytes, 0)`,
    stack: `coalesce(octet_length(${job}.error::text), 0)`,
  };
  return [
    `${summaryBytes} + ${dependencyBytes} * cardinality(${job}.depends_on)`,
    `coalesce(octet_length(${job}.baggage), 0)`,
    ...include.map((part) => bytes[part]),
  ].join(" + ");
}

/** As many queues are looked through one by one, each by its index; more are together a condition. */
const queuesOneByOne = 8;

function queueConditions(
  { queueNames }: Matched,
  parameter: (value: SqlValue) => string,
): readonly (readonly string[])[] {
  if (queueNames === undefined) return [[]];
  const names = [...new Set(queueNames)];
  if (names.length > queuesOneByOne) {
    return [[`queue_name = any(${textsOf(parameter(JSON.stringify(names)))})`]];
  }
  return names.map((name) => [`queue_name = ${parameter(name)}`]);
}

/** A list of texts that comes as JSON, which every client can send. */
function textsOf(json: string): string {
  return `array(select jsonb_array_elements_text(${json}::text::jsonb))`;
}

function conditionsOf(
  filter: Matched,
  parameter: (value: SqlValue) => string,
): readonly string[] {
  const conditions: string[] = [];
  const ask = (value: SqlValue | undefined, condition: (parameter: string) => string) => {
    if (value !== undefined) conditions.push(condition(parameter(value)));
  };
  ask(idsOrNull(filter.ids), (p) => `id = any(${textsOf(p)}::uuid[])`);
  ask(filter.correlationId, (p) => `correlation_id = ${p}`);
  ask(uuidOrNull(filter.parentId), (p) => `parent_id = ${p}::text::uuid`);
  ask(filter.createdFrom, (p) => `created_at >= to_timestamp(${p}::float8 / 1000)`);
  ask(filter.createdBefore, (p) => `created_at < to_timestamp(${p}::float8 / 1000)`);
  ask(filter.before, (p) => `sequence < ${p}::float8::bigint`);
  ask(filter.after, (p) => `sequence > ${p}::float8::bigint`);
  return conditions;
}

/** A job belongs to its own trace, and to those that attempts of it ran in, which are never its own. */
function traceConditions(
  schema: string,
  { traceId }: Matched,
  isByKey: boolean,
  parameter: (value: SqlValue) => string,
): readonly (readonly string[])[] {
  if (traceId === undefined) return [[]];
  const trace = `${parameter(uuidOrNull(traceId))}::text::uuid`;
  if (isByKey) return [[`trace_id = ${trace}`]];
  const ranIn = `select job_id from ${schema}.attempt_traces where trace_id = ${trace}`;
  return [[`trace_id = ${trace}`], [`id = any(array(${ranIn}))`]];
}

function idsOrNull(ids: readonly string[] | undefined): string | undefined {
  return ids && JSON.stringify(ids.map(uuidOrNull));
}

/** An id, or null for a text that is none: it finds nothing, where the server would refuse the text. */
export function uuidOrNull<Id extends string | undefined>(id: Id): Id | null {
  return id === undefined || READABLE_UUID.test(id) ? id : null;
}

const READABLE_UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** How many jobs each queue has with each status. */
export function countQuery(schema: string): Query {
  const counts = (count: string, status: string, table: string) =>
    `select queue_name, ${status} as status, ${count}::float8 as count ` +
    `from ${schema}.${table} group by queue_name, 2`;
  return {
    text: [
      counts("count(*)", "'ready'", "ready"),
      counts("count(*)", "kind", "waiting"),
      counts("sum(open)", "'running'", "claims"),
      counts("count(*)", "status", "ended"),
    ].join(" union all "),
    values: [],
  };
}

/** How many jobs each queue has that ended less than so long ago, by how they did. */
export function endedQuery(schema: string, withinMs: number, at: number | null): Query {
  const now = "coalesce(to_timestamp($2::float8 / 1000), statement_timestamp())";
  return {
    text: "select queue_name, status, count::float8 as count " +
      `from ${schema}.count_ended(${now} - $1::float8 * interval '1 ms')`,
    values: [withinMs, at],
  };
}

/** A count's row. */
export function toCount(row: Row): QueueCount {
  return {
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    count: row.count as number,
  };
}
