/**
 * The ids that connect a log line with its job and its trace, for any logger.
 *
 * @module
 */
import { currentScope, type JobScope, jobScope } from "./scope.ts";
import { activeSpanContext } from "./active_context.ts";
import { validSpanContext } from "./span_context.ts";
import { activeTracer } from "./tracer.ts";

/** The ids of a log line. Those that are not known are left out. */
export interface LogFields {
  /** The trace of the span, else of the job. 32 lower-case hex digits. */
  trace_id?: string;
  /** The active span, else that of the attempt. 16 lower-case hex digits. */
  span_id?: string;
  /** The W3C trace flags of the span: `01` when it is sampled. */
  trace_flags?: string;
  /** The correlation id of the job. */
  correlation_id?: string;
  /** The running job. */
  job_id?: string;
  /** The job's queue. */
  queue?: string;
}

/**
 * The ids of the running job and of the active span, under OpenTelemetry's names for log formats. The
 * running job is found in everything that its handler calls and awaits; on a runtime without
 * AsyncLocalStorage pass the handler's `ctx`. Without tracing, `trace_id` is the trace id of the job,
 * and there is no `span_id`. Outside of jobs and spans the result is empty. It is cheap and never
 * throws.
 *
 * ```ts
 * import { JobQueue, logFields, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 * import { pino } from "pino";
 *
 * const lines: string[] = [];
 * const logger = pino({ mixin: () => logFields() }, { write: (line) => lines.push(line) });
 *
 * const queue = new JobQueue({ store: memory() });
 * const sent = await queue.enqueue("email_queue", {}, { correlationId: "order-12345" });
 * await queue.worker("email_queue", () => {
 *   logger.info("sending");
 *   console.log({ message: "sending", ...logFields() });
 * }).tick();
 *
 * const { msg, trace_id, correlation_id, job_id, queue: name } = JSON.parse(lines[0]!);
 * assert.deepEqual(
 *   [msg, trace_id, correlation_id, job_id, name],
 *   ["sending", sent.traceId, "order-12345", sent.id, "email_queue"],
 * );
 * ```
 *
 * @param ctx The context that the handler is called with, if AsyncLocalStorage is not available.
 */
export function logFields(ctx?: { readonly signal: AbortSignal }): LogFields {
  const scope = (ctx as { readonly [jobScope]?: JobScope } | undefined)?.[jobScope] ??
    currentScope();
  const fields: LogFields = {};
  addSpan(fields, scope);
  if (scope === undefined) return fields;
  fields.trace_id ??= scope.traceId;
  if (scope.correlationId !== undefined) fields.correlation_id = scope.correlationId;
  fields.job_id = scope.jobId;
  fields.queue = scope.queueName;
  return fields;
}

function addSpan(fields: LogFields, scope: JobScope | undefined): void {
  const spanContext = activeSpanContext() ?? validSpanContext(scope?.span);
  if (spanContext === undefined) return;
  // Without tracing, the span of the attempt has the ids of the span that enqueued the job.
  if (spanContext.isRemote && activeTracer() === undefined) return;
  fields.trace_id = spanContext.traceId;
  fields.span_id = spanContext.spanId;
  fields.trace_flags = (spanContext.traceFlags & 0xff).toString(16).padStart(2, "0");
}
