/**
 * Looking jobs up in Postgres.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../../job/status.ts";
import type { QueueCount, RecordFilter } from "../store.ts";
import type { Row, SqlValue } from "./client.ts";
import { jobColumns } from "./rows.ts";

/** A statement and its values. */
export interface Query {
  readonly text: string;
  readonly values: SqlValue[];
}

/**
 * Jobs that fit, newest first. Each status is asked for by itself, where such jobs are, as a word and
 * not as a value: so the index that holds only such jobs can be used, whatever the planner knows.
 */
export function findQuery(schema: string, filter: RecordFilter): Query {
  const values: SqlValue[] = [];
  const parameter = (value: SqlValue) => `$${values.push(value)}`;
  const conditions = conditionsOf(filter, parameter);
  const limit = parameter(filter.limit);
  const select = (view: string, more: readonly string[]) => {
    const all = [...conditions, ...more];
    const where = all.length > 0 ? `where ${all.join(" and ")} ` : "";
    return `select * from ${schema}.${view} ${where}order by sequence desc limit ${limit}`;
  };
  const statuses = filter.statuses === undefined
    ? [{ view: "jobs", is: [] }]
    : [...new Set(filter.statuses)].map((status) => ({
      view: hasEnded(status) ? "jobs_ended" : "jobs_live",
      is: [`status = '${status}'`],
    }));
  const traces = statuses.length === 0 ? [] : traceConditions(schema, filter, parameter);
  // An OR would be a pass over the whole trace; of each branch only the newest are read.
  const branches = traces.flatMap((trace) =>
    statuses.map(({ view, is }) => select(view, [...trace, ...is]))
  );
  const found = branches.length === 0
    ? select("jobs", ["false"])
    : branches.map((branch) => `(${branch})`).join(" union all ");
  return {
    text: `select ${jobColumns("j")} from (${found}) j order by j.sequence desc limit ${limit}`,
    values,
  };
}

function conditionsOf(
  filter: RecordFilter,
  parameter: (value: SqlValue) => string,
): readonly string[] {
  const conditions: string[] = [];
  const ask = (value: SqlValue | undefined, condition: (parameter: string) => string) => {
    if (value !== undefined) conditions.push(condition(parameter(value)));
  };
  ask(filter.queueName, (p) => `queue_name = ${p}`);
  ask(filter.correlationId, (p) => `correlation_id = ${p}`);
  ask(uuidOrNull(filter.parentId), (p) => `parent_id = ${p}::text::uuid`);
  ask(filter.createdFrom, (p) => `created_at >= to_timestamp(${p}::float8 / 1000)`);
  ask(filter.createdBefore, (p) => `created_at < to_timestamp(${p}::float8 / 1000)`);
  ask(filter.before, (p) => `sequence < ${p}::float8::bigint`);
  return conditions;
}

/** A job belongs to its own trace, and to those that attempts of it ran in, which are never its own. */
function traceConditions(
  schema: string,
  { traceId }: RecordFilter,
  parameter: (value: SqlValue) => string,
): readonly (readonly string[])[] {
  if (traceId === undefined) return [[]];
  const trace = `${parameter(uuidOrNull(traceId))}::text::uuid`;
  const ranIn = `select job_id from ${schema}.attempt_traces where trace_id = ${trace}`;
  return [[`trace_id = ${trace}`], [`id = any(array(${ranIn}))`]];
}

/** What is no id is nobody's: as null it finds nothing, where the server would refuse the text. */
export function uuidOrNull<Id extends string | undefined>(id: Id): Id | null {
  return id === undefined || UUID.test(id) ? id : null;
}

const UUID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$/i;

/** How many jobs each queue has with each status. */
export function countQuery(schema: string): Query {
  return {
    text: ["live", "ended"].map((table) =>
      "select queue_name, status, count(*)::float8 as count " +
      `from ${schema}.${table} group by queue_name, status`
    ).join(" union all "),
    values: [],
  };
}

/** How many jobs each queue has that ended less than so long ago, by how they did. */
export function endedQuery(schema: string, withinMs: number, at: number | null): Query {
  // The planner knows when a statement began, and so whether these are few enough for the index.
  const now = "coalesce(to_timestamp($2::float8 / 1000), statement_timestamp())";
  return {
    text: "select queue_name, status, count(*)::float8 as count " +
      `from ${schema}.ended where finished_at > ${now} - $1::float8 * interval '1 ms' group by queue_name, status`,
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
