/**
 * Between rows and records.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import {
  type AttemptRecord,
  type DependencyFailurePolicy,
  type FoundRecord,
  type JobError,
  type JobPart,
  type JobRecord,
  longestSummary,
  type Operation,
  type Propagation,
} from "../../job/record.ts";
import type { JobRow } from "../transitions/job_table.ts";
import type { Row, SqlValue } from "./database.ts";

const columns = [
  "id",
  "queue_name",
  "status",
  "payload",
  "priority",
  "attempts",
  "max_attempts",
  "backoff",
  "timeout_ms",
  "idempotency_key",
  "depends_on",
  "on_dependency_failure",
  "trace_id",
  "correlation_id",
  "parent_id",
  "traceparent",
  "tracestate",
  "baggage",
  "propagation",
  "created_at",
  "run_at",
] as const;

/** Inserts a new job's columns, in the order of `toRow`. */
export const insertStatement: string =
  `insert into hammerwork_jobs (joined_trace, ${columns.join(", ")}) ` +
  "values (exists (select 1 from hammerwork_jobs where trace_id = ?), " +
  `${columns.map(() => "?").join(", ")})`;

/** A new job's values. */
export function toRow(job: Omit<JobRecord, "sequence">): SqlValue[] {
  return [
    job.traceId,
    job.id,
    job.queueName,
    job.status,
    job.payload,
    job.priority,
    0,
    job.maxAttempts,
    job.backoff ?? null,
    job.timeoutMs ?? null,
    job.idempotencyKey ?? null,
    JSON.stringify(job.dependsOn),
    job.onDependencyFailure,
    job.traceId,
    job.correlationId ?? null,
    job.parentId ?? null,
    job.traceparent ?? null,
    job.tracestate ?? null,
    job.baggage ?? null,
    job.propagation ?? null,
    job.createdAt,
    job.runAt,
  ];
}

/** What the transitions read of a job. */
export const rowColumns: string = [
  ...["sequence", "id", "queue_name", "status", "attempts", "releases", "snoozes"],
  ...["max_attempts", "backoff"],
  ...["started_at", "run_at", "depends_on", "on_dependency_failure", "trace_id", "lease_token"],
  ...["has_begun", "is_suspect"],
].map((name) => `hammerwork_jobs.${name}`).join(", ");

/** A row of these columns. */
export function toJobRow(row: Row): JobRow {
  return {
    sequence: row.sequence as number,
    id: row.id as string,
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    attempts: row.attempts as number,
    releases: row.releases as number,
    snoozes: row.snoozes as number,
    maxAttempts: row.max_attempts as number,
    backoff: text(row.backoff),
    startedAt: number(row.started_at),
    runAt: row.run_at as number,
    dependsOn: ids(row.depends_on),
    onDependencyFailure: row.on_dependency_failure as DependencyFailurePolicy,
    traceId: row.trace_id as string,
    leaseToken: text(row.lease_token),
    hasBegun: row.has_begun === 1,
    isSuspect: row.is_suspect === 1,
  };
}

/**
 * The columns of a job with the requested parts. A payload or a result that is left out is replaced
 * by its size.
 */
export function foundColumns(include: readonly JobPart[]): string {
  const names = [
    ...columns,
    "sequence",
    "releases",
    "snoozes",
    "started_at",
    "finished_at",
    "attempt_traceparent",
    "operation",
    workerName("worker"),
  ];
  return [
    ...names.filter((name) => name !== "payload"),
    ...(["payload", "result"] as const).map((part) =>
      // The header of a row has the size: the value is not read for it.
      include.includes(part) ? part : `octet_length(${part}) as ${part}_bytes`
    ),
    errorColumn(include.includes("stack")),
  ].join(", ");
}

/** The name of a worker by its number, as a column. */
export function workerName(worker: string): string {
  return `(select w.name from hammerwork_workers w where w.id = ${worker}) as worker_name`;
}

/** The columns of an attempt, its error whole or short. */
export function attemptColumns(hasStacks: boolean): string {
  return `a.job_id, a.attempt, a.outcome, a.started_at, a.finished_at, a.traceparent, ${
    workerName("a.worker")
  }, ${errorColumn(hasStacks)}`;
}

function errorColumn(hasStacks: boolean): string {
  if (hasStacks) return "error";
  const short = (name: string) => {
    const value = `json_extract(error, '$.${name}')`;
    return `case when length(${value}) > ${longestSummary} ` +
      `then substr(${value}, 1, ${longestSummary}) || '…' else ${value} end`;
  };
  return "case when error is not null then json_set(json_remove(error, '$.stack'), " +
    `'$.name', ${short("name")}, '$.message', ${short("message")}) end as error`;
}

/** A job's row as it was found. */
export function toFound(row: Row): FoundRecord {
  return {
    ...toRecord(row),
    ...row.payload === undefined &&
      { payload: undefined, payloadBytes: row.payload_bytes as number },
    ...row.result === undefined && { result: undefined, resultBytes: number(row.result_bytes) },
  };
}

/** A job's row as a record. */
export function toRecord(row: Row): JobRecord {
  return {
    sequence: row.sequence as number,
    id: row.id as string,
    queueName: row.queue_name as string,
    status: row.status as JobStatus,
    payload: row.payload as string,
    priority: row.priority as number,
    attempts: row.attempts as number,
    releases: row.releases as number,
    snoozes: row.snoozes as number,
    maxAttempts: row.max_attempts as number,
    backoff: text(row.backoff),
    timeoutMs: number(row.timeout_ms),
    idempotencyKey: text(row.idempotency_key),
    dependsOn: ids(row.depends_on),
    onDependencyFailure: row.on_dependency_failure as DependencyFailurePolicy,
    traceId: row.trace_id as string,
    correlationId: text(row.correlation_id),
    parentId: text(row.parent_id),
    traceparent: text(row.traceparent),
    tracestate: text(row.tracestate),
    baggage: text(row.baggage),
    propagation: text(row.propagation) as Propagation | undefined,
    createdAt: row.created_at as number,
    runAt: row.run_at as number,
    startedAt: number(row.started_at),
    finishedAt: number(row.finished_at),
    result: text(row.result),
    error: error(row.error),
    attemptTraceparent: text(row.attempt_traceparent),
    operation: operation(row.operation),
    workerName: text(row.worker_name),
  };
}

/** An attempt's row as a record. */
export function toAttemptRecord(row: Row): AttemptRecord {
  return {
    jobId: row.job_id as string,
    attempt: row.attempt as number,
    outcome: row.outcome as AttemptRecord["outcome"],
    startedAt: row.started_at as number,
    finishedAt: row.finished_at as number,
    error: error(row.error),
    traceparent: text(row.traceparent),
    workerName: text(row.worker_name),
  };
}

function ids(value: SqlValue | undefined): readonly string[] {
  return value === "[]" ? [] : JSON.parse(value as string);
}

function text(value: SqlValue | undefined): string | undefined {
  return value === null ? undefined : value as string;
}

function number(value: SqlValue | undefined): number | undefined {
  return value === null ? undefined : value as number;
}

function operation(value: SqlValue | undefined): Operation | undefined {
  return value === null ? undefined : JSON.parse(value as string);
}

function error(value: SqlValue | undefined): JobError | undefined {
  return value === null ? undefined : JSON.parse(value as string);
}
