/**
 * New jobs on their way to the server: as one text, by place, since names take it longer to read than
 * values. What nearly every job has comes first, so that the rest need not be written.
 *
 * @module
 */
import type { JobStatus } from "../../job/status.ts";
import type { JobInput, JobRecord } from "../../job/record.ts";
import type { Row } from "./client.ts";
import { time } from "./rows.ts";

/** Jobs as {@linkcode inputRows} reads them. */
export function toInputText(inputs: readonly JobInput[]): string {
  return JSON.stringify(inputs.map(toPlaces));
}

function toPlaces(input: JobInput): readonly unknown[] {
  const { id, queueName, payload, traceId, traceparent, correlationId, parentId } = input;
  const places: unknown[] = [id, queueName, payload, traceId, traceparent, correlationId, parentId];
  if (isPlain(input)) return places;
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
    input.dependsOn,
  );
  return places;
}

function isPlain(input: JobInput): boolean {
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
    e ->> 16 as baggage, e ->> 17 as propagation, coalesce(e -> 18, '[]') as depends_on
  from jsonb_array_elements(${text}) with ordinality as x (e, n))`;
}

/** The columns of `enqueued` that {@linkcode inputRows} gives as they are to be stored. */
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

/** The columns of `live` that come from those of `enqueued`, under their names there. */
export const liveColumns: string =
  "id, sequence, trace_id, queue_name, priority, run_at, max_attempts";

/** The status of a new job for which nothing but its time matters. */
export const firstStatus: string =
  "case when run_at <= created_at then 'ready' else 'scheduled' end";

/** What the server decides of a new job; the rest is known. */
export const addedColumns: string = "id::text as id, sequence::float8 as sequence, " +
  `${firstStatus} as status, ` +
  "date_part('epoch', created_at) * 1000 as created_at, date_part('epoch', run_at) * 1000 as run_at";

/** A new job as a record. */
export function toAdded(input: JobInput, row: Row): JobRecord {
  const { delayMs: _delayMs, ...kept } = input;
  return {
    ...kept,
    sequence: row.sequence as number,
    status: row.status as JobStatus,
    attempts: 0,
    releases: 0,
    createdAt: time(row.created_at)!,
    runAt: time(row.run_at)!,
  };
}
