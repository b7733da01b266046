/**
 * Between rows and records. Everything is read as text, number or boolean, so that no client's own
 * idea of a type matters: 64-bit numbers, times and arrays differ between them.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import {
  type AttemptRecord,
  type DependencyFailurePolicy,
  type FoundRecord,
  type JobInput,
  type JobPart,
  jobParts,
  type JobRecord,
  longestSummary,
} from "../../job/record.ts";
import type { ExpiredJob, TraceEnd } from "../store.ts";
import type { Row } from "./client.ts";
import { workerName } from "./tables.ts";

/** A job's columns; `job` is the view's alias or a value of its type in parentheses. */
export function jobColumns(job: string): string {
  return foundColumns(job, jobParts);
}

/** A job's columns with the requested parts; a payload or a result that is not requested is its size. */
export function foundColumns(job: string, include: readonly JobPart[]): string {
  const part = (name: "payload" | "result") =>
    include.includes(name) ? `${job}.${name}::text as ${name}` : `${job}.${name}_bytes`;
  const ms = (column: string) => `date_part('epoch', ${job}.${column}) * 1000 as ${column}`;
  return `${job}.sequence::float8 as sequence, ${job}.id::text as id, ${job}.queue_name, ` +
    `${job}.status, ${part("payload")}, ${job}.priority, ${job}.attempts, ` +
    `${job}.releases, ${job}.snoozes, ${job}.max_attempts, ${job}.backoff, ${job}.timeout_ms, ${job}.idempotency_key, ` +
    `array_to_json(${job}.depends_on)::text as depends_on, ${job}.on_dependency_failure, ` +
    `${job}.trace_id::text as trace_id, ${job}.correlation_id, ` +
    `${job}.parent_id::text as parent_id, ${job}.traceparent, ${job}.tracestate, ` +
    `${job}.baggage, ${job}.propagation, ` +
    `${ms("created_at")}, ${ms("run_at")}, ${ms("started_at")}, ${ms("finished_at")}, ` +
    `${part("result")}, ${errorColumn(`${job}.error`, include.includes("stack"))}, ` +
    `${job}.attempt_traceparent, ${job}.worker_name, ${job}.operation::text as operation`;
}

function errorColumn(error: string, hasStacks: boolean): string {
  if (hasStacks) return `${error}::text as error`;
  const short = (name: string) => {
    const value = `${error} ->> '${name}'`;
    return `'${name}', case when length(${value}) > ${longestSummary} ` +
      `then left(${value}, ${longestSummary}) || '…' else ${value} end`;
  };
  return `case when ${error} is not null then (${error}::jsonb - 'stack' || ` +
    `jsonb_build_object(${short("name")}, ${short("message")}))::text end as error`;
}

/** A job's row as it was found. */
export function toFound(row: Row): FoundRecord {
  return {
    ...toRecord(row),
    ...row.payload === undefined &&
      { payload: undefined, payloadBytes: row.payload_bytes as number },
    ...row.result === undefined && { result: undefined, resultBytes: optional(row.result_bytes) },
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
    backoff: optional(row.backoff),
    timeoutMs: optional(row.timeout_ms),
    idempotencyKey: optional(row.idempotency_key),
    dependsOn: row.depends_on === "[]" ? [] : JSON.parse(row.depends_on as string),
    onDependencyFailure: row.on_dependency_failure as DependencyFailurePolicy,
    traceId: undashed(row.trace_id),
    correlationId: optional(row.correlation_id),
    parentId: optional(row.parent_id),
    traceparent: optional(row.traceparent),
    tracestate: optional(row.tracestate),
    baggage: optional(row.baggage),
    propagation: optional(row.propagation),
    createdAt: time(row.created_at)!,
    runAt: time(row.run_at)!,
    startedAt: time(row.started_at),
    finishedAt: time(row.finished_at),
    result: optional(row.result),
    error: json(row.error),
    attemptTraceparent: optional(row.attempt_traceparent),
    operation: json(row.operation),
    workerName: optional(row.worker_name),
  };
}

/** The row of a job whose lease had expired. */
export function toExpired(row: Row): ExpiredJob {
  return {
    ...toRecord(row),
    lostAttempt: optional(row.lost_attempt),
    sweptAt: time(row.swept_at)!,
  };
}

/** The columns of an end of a trace: of a job as it ended, `d`, and as it was enqueued, `e`. */
export const traceEndColumns: string = "d.sequence::float8 as sequence, d.id::text as id, " +
  "e.trace_id::text as trace_id, d.trace_epoch, e.correlation_id, " +
  "date_part('epoch', d.finished_at) * 1000 as finished_at";

/** The row of an end of a trace. */
export function toTraceEnd(row: Row): TraceEnd {
  return {
    traceId: undashed(row.trace_id),
    epoch: row.trace_epoch as number,
    jobId: row.id as string,
    correlationId: optional(row.correlation_id),
    finishedAt: time(row.finished_at)!,
  };
}

/** The columns of an attempt, its error whole or short. */
export function attemptColumns(schema: string, attempt: string, hasStacks: boolean): string {
  const ms = (column: string) => `date_part('epoch', ${attempt}.${column}) * 1000 as ${column}`;
  return `${attempt}.job_id::text as job_id, ${attempt}.attempt, ${attempt}.outcome, ` +
    `${ms("started_at")}, ${ms("finished_at")}, ${attempt}.traceparent, ` +
    `${workerName(schema, `${attempt}.worker`)} as worker_name, ` +
    errorColumn(`${attempt}.error`, hasStacks);
}

/** An attempt's row as a record. */
export function toAttemptRecord(row: Row): AttemptRecord {
  return {
    jobId: row.job_id as string,
    attempt: row.attempt as number,
    outcome: row.outcome as AttemptRecord["outcome"],
    startedAt: time(row.started_at)!,
    finishedAt: time(row.finished_at)!,
    error: json(row.error),
    traceparent: optional(row.traceparent),
    workerName: optional(row.worker_name),
  };
}

function undashed(uuid: unknown): string {
  return (uuid as string).replaceAll("-", "");
}

/** Null is `undefined` here. */
export function optional<T>(value: unknown): T | undefined {
  return value === null ? undefined : value as T;
}

/** A time in ms: the server counts in microseconds and divides them as a float. */
export function time(value: unknown): number | undefined {
  return value === null ? undefined : Math.round(value as number);
}

function json<T>(value: unknown): T | undefined {
  return value === null ? undefined : JSON.parse(value as string);
}

// What goes to the server in numbers goes as one text of JSON, by place: names take it longer to read
// than values. The text and its reader in SQL are side by side, and change together.

/** Jobs as {@linkcode inputRows} reads them. */
export function toInputText(inputs: readonly JobInput[]): string {
  return JSON.stringify(inputs.map(inputPlaces));
}

function inputPlaces(input: JobInput): readonly unknown[] {
  const { id, queueName, payload, traceId, traceparent, correlationId, parentId } = input;
  const places: unknown[] = [id, queueName, payload, traceId, traceparent, correlationId, parentId];
  if (isShort(input)) return places;
  places.push(
    input.priority,
    input.maxAttempts,
    input.delayMs,
    input.runAt,
    input.backoff,
    input.timeoutMs,
    input.idempotencyKey,
    input.onDependencyFailure,
    input.tracestate,
    input.baggage,
    input.propagation,
    `{${[...new Set(input.dependsOn)].join(",")}}`,
  );
  return places;
}

/** Whether a job waits for the end of others. */
export function waitsForOthers({ dependsOn }: Pick<JobInput, "dependsOn">): boolean {
  return dependsOn.length > 0;
}

/** Whether a job has no more than the first places. */
export function isShort(input: JobInput): boolean {
  return input.priority === 0 && input.maxAttempts === 3 && input.delayMs === undefined &&
    input.runAt === undefined && input.backoff === undefined && input.timeoutMs === undefined &&
    input.idempotencyKey === undefined && input.onDependencyFailure === "cancel" &&
    input.tracestate === undefined && input.baggage === undefined &&
    input.propagation === undefined && input.dependsOn.length === 0;
}

/** Reads jobs from a text of them: a subquery, with a row for each. */
export function inputRows(text: string): string {
  return `(select n::integer as ord, (e ->> 0)::uuid as id, e ->> 1 as queue_name,
    e ->> 2 as payload, (e ->> 3)::uuid as trace_id, e ->> 4 as traceparent,
    e ->> 5 as correlation_id, (e ->> 6)::uuid as parent_id,
    coalesce((e ->> 7)::smallint, 0) as priority, coalesce((e ->> 8)::smallint, 3) as max_attempts,
    (e ->> 9)::float8 as delay_ms, (e ->> 10)::float8 as run_at_ms, e ->> 11 as backoff,
    (e ->> 12)::integer as timeout_ms, e ->> 13 as idempotency_key,
    coalesce(e ->> 14, 'cancel') as on_dependency_failure, e ->> 15 as tracestate,
    e ->> 16 as baggage, e ->> 17 as propagation, coalesce((e ->> 18)::uuid[], '{}') as depends_on
  from jsonb_array_elements(${text}) with ordinality as x (e, n))`;
}

/** The same of jobs that are all {@linkcode isShort}. */
export function shortInputRows(text: string): string {
  return `(select (e ->> 0)::uuid as id, e ->> 1 as queue_name, e ->> 2 as payload,
    (e ->> 3)::uuid as trace_id, e ->> 4 as traceparent, e ->> 5 as correlation_id,
    (e ->> 6)::uuid as parent_id from jsonb_array_elements(${text}) e)`;
}

// Separates the texts of a list. Stands in no text of JSON and in no name.
const SEPARATOR = "\u001f";
// Fewer are read faster as JSON.
const FEWEST_IN_LISTS = 64;

/** Jobs that are all {@linkcode isShort} as lists, as {@linkcode listedInputRows} reads them; `undefined` where JSON does better. */
export function toInputLists(
  inputs: readonly JobInput[],
): readonly (string | null)[] | undefined {
  if (inputs.length < FEWEST_IN_LISTS) return undefined;
  const lists = [
    inputs.map(({ queueName }) => queueName),
    inputs.map(({ payload }) => payload),
    inputs.map(({ traceparent }) => traceparent),
    inputs.map(({ correlationId }) => correlationId),
    inputs.map(({ parentId }) => parentId),
  ];
  const canBeListed = (text: string | undefined) =>
    text === undefined || (text !== "" && !text.includes(SEPARATOR));
  if (!lists.every((texts) => texts.every(canBeListed))) return undefined;
  const uuids = (texts: readonly string[]) => `{${texts.join(",")}}`;
  return [
    uuids(inputs.map(({ id }) => id)),
    uuids(inputs.map(({ traceId }) => traceId)),
    ...lists.map((texts) =>
      texts.some((text) => text !== undefined) ? texts.join(SEPARATOR) : null
    ),
  ];
}

/** Reads jobs from lists of them: a subquery, with a row for each. */
export function listedInputRows([id, traceId, ...texts]: readonly string[]): string {
  const lists = texts.map((text) => `string_to_array(${text}, chr(31), '')`);
  return `(select id, trace_id, queue_name, payload, traceparent, correlation_id,
      parent_id::uuid as parent_id
    from unnest(${id}::text::uuid[], ${traceId}::text::uuid[], ${lists.join(", ")})
      x (id, trace_id, queue_name, payload, traceparent, correlation_id, parent_id))`;
}

/** The columns of `enqueued` that {@linkcode shortInputRows} gives as they are to be stored. */
export const shortColumns: string = "id, queue_name, trace_id, traceparent, correlation_id";

/** The same for {@linkcode inputRows}. */
export const givenColumns: string =
  "id, queue_name, priority, max_attempts, backoff, timeout_ms, " +
  "idempotency_key, on_dependency_failure, trace_id, correlation_id, traceparent, tracestate, " +
  "baggage, propagation";

/** When a job of {@linkcode inputRows} is due at the earliest; `t` is the store's time. */
export const startsAt: string = "greatest(t, coalesce(to_timestamp(run_at_ms / 1000), " +
  "t + coalesce(delay_ms, 0) * interval '1 ms'))";

/** Whether a job is cancelled: one look in an index of such jobs alone. `id` is an SQL expression. */
export function isCancelled(schema: string, id: string): string {
  return `exists (select from ${schema}.ended p where p.id = ${id} and p.status = 'cancelled')`;
}

/** Higher priorities are claimed first, and the order of claiming is ascending. */
export const rank: string = "-priority::integer";

/** A new job as a record, if nothing but its time matters; `t` is the store's time. */
export function toAdded(input: JobInput, sequence: number, t: number): JobRecord {
  const { delayMs = 0, runAt = t + delayMs, ...kept } = input;
  return {
    ...kept,
    sequence,
    status: runAt > t ? "scheduled" : "ready",
    attempts: 0,
    releases: 0,
    snoozes: 0,
    createdAt: t,
    runAt: Math.max(runAt, t),
  };
}
