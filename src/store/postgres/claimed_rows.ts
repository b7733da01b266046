/**
 * Claimed jobs as the server gives them: what nearly every job has in columns, what few have in one
 * text. A column costs both sides time for each job, also where it is empty.
 *
 * @module
 */
import type { ClaimedJob } from "../store.ts";
import type { Row } from "./client.ts";
import { optional, time } from "./rows.ts";

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

/** The columns of a claimed job: as it was enqueued, `e`, and as it stands, `l`. */
export function claimedColumns(schema: string): string {
  const columns = Object.entries(rare);
  const isPlain = [
    ...columns.map(([, column]) => `${column} is null`),
    "e.depends_on = '{}'",
    "e.on_dependency_failure = 'cancel'",
  ].join(" and ");
  const more = [
    ...columns.map(([name, column]) => `'${name}', ${column}`),
    "'dependsOn', e.depends_on",
    "'onDependencyFailure', e.on_dependency_failure",
    `'dependencyTraceparents', ${schema}.dependency_contexts(e.depends_on)`,
  ].join(", ");
  return "e.sequence::float8, e.id::text, e.queue_name, e.payload::text, e.priority, l.attempts, " +
    "l.max_attempts, encode(uuid_send(e.trace_id), 'hex'), e.traceparent, e.correlation_id, " +
    "date_part('epoch', e.created_at) * 1000, date_part('epoch', l.run_at) * 1000, " +
    "date_part('epoch', l.started_at - l.run_at) * 1000, " +
    `case when ${isPlain} then null else json_build_object(${more})::text end`;
}

const rare: Readonly<Record<string, string>> = {
  backoff: "e.backoff",
  timeoutMs: "e.timeout_ms",
  idempotencyKey: "e.idempotency_key",
  parentId: "e.parent_id",
  tracestate: "e.tracestate",
  baggage: "e.baggage",
  propagation: "e.propagation",
  error: "l.error",
  releases: "l.releases",
  isSuspect: "l.is_suspect",
  attemptTraceparent: "l.attempt_traceparent",
};

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
    releases: more.releases,
    maxAttempts: row.max_attempts as number,
    backoff: more.backoff,
    timeoutMs: more.timeoutMs,
    idempotencyKey: more.idempotencyKey,
    dependsOn: more.dependsOn,
    onDependencyFailure: more.onDependencyFailure,
    traceId: row.trace_id as string,
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
    isSuspect: more.isSuspect,
    dependencyTraceparents: more.dependencyTraceparents,
  };
}

type Rare = Pick<
  ClaimedJob,
  | "releases"
  | "isSuspect"
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

const plain: Rare = {
  releases: 0,
  isSuspect: false,
  dependsOn: [],
  onDependencyFailure: "cancel",
  dependencyTraceparents: [],
};

/** In the server's JSON what is missing is null. */
function rarely(more: Record<string, unknown>): Partial<Rare> {
  return Object.fromEntries(Object.entries(more).filter(([, value]) => value !== null));
}
