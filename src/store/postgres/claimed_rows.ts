/**
 * Claimed jobs as the server gives them: what nearly every job has in columns, what few have in one
 * text. A column costs both sides time for each job, also where it is empty.
 *
 * @module
 */
import type { ClaimedJob } from "../store.ts";
import type { Row } from "./client.ts";
import { optional, time, undashed } from "./rows.ts";

const types = {
  sequence: "float8",
  id: "text",
  queue_name: "text",
  payload: "text",
  priority: "smallint",
  attempts: "smallint",
  max_attempts: "smallint",
  trace_id: "text",
  traceparent: "text",
  correlation_id: "text",
  created_at: "float8",
  run_at: "float8",
  wait_ms: "float8",
  more: "text",
};

/** The names of a claimed job's columns. */
export const claimedNames: string = Object.keys(types).join(", ");

/** Their names and types, as a function declares what it returns. */
export const claimedTypes: string = Object.entries(types).map((one) => one.join(" ")).join(", ");

/** The columns of a claimed job; `job` is the table's alias. */
export function claimedColumns(schema: string, job: string): string {
  const rare = (column: string, name: string) => ({ column: `${job}.${column}`, name });
  const columns = [
    rare("backoff", "backoff"),
    rare("timeout_ms", "timeoutMs"),
    rare("idempotency_key", "idempotencyKey"),
    rare("parent_id", "parentId"),
    rare("tracestate", "tracestate"),
    rare("baggage", "baggage"),
    rare("propagation", "propagation"),
    rare("error", "error"),
    rare("attempt_traceparent", "attemptTraceparent"),
  ];
  const isPlain = [
    ...columns.map(({ column }) => `${column} is null`),
    `${job}.depends_on = '{}'`,
    `${job}.on_dependency_failure = 'cancel'`,
  ].join(" and ");
  const more = [
    ...columns.map(({ column, name }) => `'${name}', ${column}`),
    `'dependsOn', ${job}.depends_on`,
    `'onDependencyFailure', ${job}.on_dependency_failure`,
    `'dependencyTraceparents', ${schema}.dependency_contexts(${job}.depends_on)`,
  ].join(", ");
  return `${job}.sequence::float8, ${job}.id::text, ${job}.queue_name, ${job}.payload::text, ` +
    `${job}.priority, ${job}.attempts, ${job}.max_attempts, ${job}.trace_id::text, ` +
    `${job}.traceparent, ${job}.correlation_id, date_part('epoch', ${job}.created_at) * 1000, ` +
    `date_part('epoch', ${job}.run_at) * 1000, ` +
    `date_part('epoch', ${job}.started_at - ${job}.run_at) * 1000, ` +
    `case when ${isPlain} then null else json_build_object(${more})::text end`;
}

/** A claimed job's row as a record. */
export function toClaimed(row: Row, leaseToken: string): ClaimedJob {
  const more = row.more === null ? plain : { ...plain, ...rarely(JSON.parse(row.more as string)) };
  const waitMs = row.wait_ms as number;
  return {
    sequence: row.sequence as number,
    id: row.id as string,
    queueName: row.queue_name as string,
    status: "running",
    payload: row.payload as string,
    priority: row.priority as number,
    attempts: row.attempts as number,
    maxAttempts: row.max_attempts as number,
    backoff: more.backoff,
    timeoutMs: more.timeoutMs,
    idempotencyKey: more.idempotencyKey,
    dependsOn: more.dependsOn,
    onDependencyFailure: more.onDependencyFailure,
    traceId: undashed(row.trace_id),
    correlationId: optional(row.correlation_id),
    parentId: more.parentId,
    traceparent: optional(row.traceparent),
    tracestate: more.tracestate,
    baggage: more.baggage,
    propagation: more.propagation,
    createdAt: time(row.created_at)!,
    runAt: time(row.run_at)!,
    startedAt: time((row.run_at as number) + waitMs),
    finishedAt: undefined,
    result: undefined,
    error: more.error,
    attemptTraceparent: more.attemptTraceparent,
    leaseToken,
    waitMs: Math.round(waitMs),
    dependencyTraceparents: more.dependencyTraceparents,
  };
}

type Rare = Pick<
  ClaimedJob,
  | "backoff"
  | "timeoutMs"
  | "idempotencyKey"
  | "dependsOn"
  | "onDependencyFailure"
  | "parentId"
  | "tracestate"
  | "baggage"
  | "propagation"
  | "error"
  | "attemptTraceparent"
  | "dependencyTraceparents"
>;

const plain: Rare = { dependsOn: [], onDependencyFailure: "cancel", dependencyTraceparents: [] };

/** In the server's JSON what is missing is null. */
function rarely(more: Record<string, unknown>): Partial<Rare> {
  return Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null));
}
