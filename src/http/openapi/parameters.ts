/**
 * The parameters of the operations, and the headers of their answers, as the document describes them.
 *
 * @module
 */
import { jobParts } from "../../job/record.ts";
import { jobStatuses } from "../../job/status.ts";
import { longestEndedWithinMs } from "../../queue/stats.ts";
import { anyTraceId } from "./schemas.ts";
import type { JsonSchema, Parameter } from "../operation.ts";

const ID = "01987654-3210-7abc-8def-0123456789ab";
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

const traceId = {
  schema: anyTraceId,
  description: "The id of a trace: 32 hex digits or a UUID.",
  example: TRACE_ID,
};
const id = { type: "string", minLength: 1, maxLength: 255 };
const correlationId = {
  schema: id,
  description: "The id of a business process.",
  example: "order-12345",
};
const jobId = { schema: { type: "string", format: "uuid" }, example: ID };
const time = { schema: { type: "string", format: "date-time" } };

/** The id of a job in a path. */
export const idInPath: Parameter = {
  name: "id",
  in: "path",
  description: "The id of the job.",
  ...jobId,
};

/** The id of a trace in a path. */
export const traceInPath: Parameter = { name: "traceId", in: "path", ...traceId };

/** A correlation id in a path. */
export const correlationInPath: Parameter = { name: "correlationId", in: "path", ...correlationId };

/** A correlation id in a query, for ids that a path cannot contain, such as `..`. */
export const correlationInQuery: Parameter = {
  name: "correlationId",
  in: "query",
  required: true,
  ...correlationId,
};

/** Which jobs to find. A job must match all parameters. */
export const filterParameters: readonly Parameter[] = [
  {
    name: "id",
    in: "query",
    description: "Jobs with this id. Repeat it for several ids.",
    schema: { type: "array", items: { type: "string", format: "uuid" } },
    example: [ID],
  },
  {
    name: "queueName",
    in: "query",
    description: "Jobs of this queue. Repeat it for several queues.",
    schema: { type: "array", items: { $ref: "#/components/schemas/QueueName" } },
    example: ["email_queue"],
  },
  {
    name: "status",
    in: "query",
    description: "Jobs with this status. Repeat it for several statuses.",
    schema: { type: "array", items: { enum: jobStatuses } },
    example: ["ready", "running"],
  },
  { name: "traceId", in: "query", ...traceId },
  { name: "correlationId", in: "query", ...correlationId },
  { name: "parentId", in: "query", description: "Child jobs of the job with this id.", ...jobId },
  {
    name: "createdFrom",
    in: "query",
    description: "Jobs that were created at this time or later.",
    ...time,
    example: "2020-01-31T12:00:00Z",
  },
  {
    name: "createdBefore",
    in: "query",
    description: "Jobs that were created before this time.",
    ...time,
    example: "2999-01-31T12:00:00Z",
  },
];

/** The size of a page, where it begins, and what it includes. */
export const pageParameters: readonly Parameter[] = [
  {
    name: "limit",
    in: "query",
    description: "The maximum number of jobs. A page of large jobs has fewer, but at least one.",
    schema: { type: "integer", minimum: 1, maximum: 1_000 },
    example: 10,
  },
  {
    name: "cursor",
    in: "query",
    description: "The `nextCursor` of the previous page.",
    schema: { type: "string", pattern: "^[1-9][0-9]{0,14}$" },
    example: "999999999",
  },
  {
    name: "include",
    in: "query",
    description:
      "What to include of each job, separated by commas: `payload`, `result`, and `stack` for " +
      "complete errors. A payload or a result that is not included is replaced by its size.",
    schema: { type: "array", items: { enum: jobParts } },
    style: "form",
    explode: false,
    example: ["payload", "result"],
  },
];

/** Whether to count the jobs that ended recently. */
export const endedWithinParameter: Parameter = {
  name: "endedWithinMs",
  in: "query",
  description: "Also count the jobs that ended within the last so many ms, as `ended`.",
  schema: { type: "integer", minimum: 1, maximum: longestEndedWithinMs },
  example: 3_600_000,
};

/** How long the oldest ready job may have waited. */
export const maxOldestReadyParameter: Parameter = {
  name: "maxOldestReadyMs",
  in: "query",
  description: "For how long a ready job may have waited, in ms; without it, for any time.",
  schema: { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
  example: 60_000,
};

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** The idempotency key of the job. */
export const idempotencyHeader: Parameter = {
  name: "idempotency-key",
  in: "header",
  description:
    "The `idempotencyKey` of the job. A second request with the same key returns the first job.",
  schema: id,
  example: "order-12345-mail",
};

/** The business process of jobs that have no `correlationId`. */
export const correlationHeader: Parameter = {
  name: "x-correlation-id",
  in: "header",
  description: "The `correlationId` of jobs that have none. Ignored unless it is printable ASCII.",
  schema: id,
  example: "order-12345",
};

/** The caller's trace. */
export const traceContextHeaders: readonly Parameter[] = [
  {
    name: "traceparent",
    in: "header",
    description: "W3C Trace Context: the jobs continue this trace. Ignored when malformed.",
    schema: { type: "string" },
    example: TRACEPARENT,
  },
  {
    name: "tracestate",
    in: "header",
    description: "W3C Trace Context: vendor-specific data.",
    schema: { type: "string" },
    example: "vendor=value",
  },
  {
    name: "baggage",
    in: "header",
    description: "W3C Baggage for the handlers. Ignored unless the queue has the option `baggage`.",
    schema: { type: "string" },
    example: "tenant=a",
  },
];

/** The headers of an answer to an enqueue, as far as they are the same for all its jobs. */
export const answerHeaders: Readonly<Record<string, { description: string; schema: JsonSchema }>> =
  {
    "x-trace-id": {
      description: "The trace id of the jobs.",
      schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
    },
    "x-correlation-id": { description: "The correlation id of the jobs.", schema: id },
    "traceparent": {
      description: "The creation context of the jobs, when tracing is set up.",
      schema: { type: "string" },
    },
  };
