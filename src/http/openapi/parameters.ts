/**
 * The parameters of the operations, and the headers of their answers, as the document describes them.
 *
 * @module
 */
import { jobParts } from "../../job/parts.ts";
import { jobStatuses } from "../../job/status.ts";
import { longestEndedWithinMs } from "../../queue/counting.ts";
import { anyTraceId } from "./schemas.ts";
import type { JsonSchema, Parameter } from "../operation.ts";

const ID = "01987654-3210-7abc-8def-0123456789ab";
const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";

const traceId = {
  schema: anyTraceId,
  description: "A trace: 32 hex digits or a UUID.",
  example: TRACE_ID,
};
const id = { type: "string", minLength: 1, maxLength: 255 };
const correlationId = {
  schema: id,
  description: "A business process.",
  example: "order-12345",
};
const jobId = { schema: { type: "string", format: "uuid" }, example: ID };
const time = { schema: { type: "string", format: "date-time" } };

/** A job in a path. */
export const idInPath: Parameter = { name: "id", in: "path", description: "The job.", ...jobId };

/** A trace in a path. */
export const traceInPath: Parameter = { name: "traceId", in: "path", ...traceId };

/** A business process in a path. */
export const correlationInPath: Parameter = { name: "correlationId", in: "path", ...correlationId };

/** A business process in a query, where it can be any: in a path nobody can write `..`. */
export const correlationInQuery: Parameter = {
  name: "correlationId",
  in: "query",
  required: true,
  ...correlationId,
};

/** Which jobs to find. All that is given must hold. */
export const filterParameters: readonly Parameter[] = [
  {
    name: "id",
    in: "query",
    description: "With this id; may be repeated for several.",
    schema: { type: "array", items: { type: "string", format: "uuid" } },
    example: [ID],
  },
  {
    name: "queueName",
    in: "query",
    description: "In this queue; may be repeated for several.",
    schema: { type: "array", items: { $ref: "#/components/schemas/QueueName" } },
    example: ["email_queue"],
  },
  {
    name: "status",
    in: "query",
    description: "With one of these statuses; may be repeated.",
    schema: { type: "array", items: { enum: jobStatuses } },
    example: ["ready", "running"],
  },
  { name: "traceId", in: "query", ...traceId },
  { name: "correlationId", in: "query", ...correlationId },
  { name: "parentId", in: "query", description: "Parts of this job.", ...jobId },
  {
    name: "createdFrom",
    in: "query",
    description: "Added at this time or later.",
    ...time,
    example: "2020-01-31T12:00:00Z",
  },
  {
    name: "createdBefore",
    in: "query",
    description: "Added before this time.",
    ...time,
    example: "2999-01-31T12:00:00Z",
  },
];

/** How much at a time, and where to go on. */
export const pageParameters: readonly Parameter[] = [
  {
    name: "limit",
    in: "query",
    description: "At most this many jobs. A page of large jobs has fewer, one at least.",
    schema: { type: "integer", minimum: 1, maximum: 1_000 },
    example: 10,
  },
  {
    name: "cursor",
    in: "query",
    description: "Where to go on: the `nextCursor` of the page before.",
    schema: { type: "string", pattern: "^[1-9][0-9]{0,14}$" },
    example: "999999999",
  },
  {
    name: "include",
    in: "query",
    description:
      "What is else left out of each job, by comma: `payload`, `result`, and `stack` for " +
      "whole errors. In place of a payload or a result stands its size.",
    schema: { type: "array", items: { enum: jobParts } },
    style: "form",
    explode: false,
    example: ["payload", "result"],
  },
];

/** Which jobs to count. */
export const endedWithinParameter: Parameter = {
  name: "endedWithinMs",
  in: "query",
  description: "Only jobs that ended less than this many ms ago.",
  schema: { type: "integer", minimum: 1, maximum: longestEndedWithinMs },
  example: 3_600_000,
};

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** Makes a repeated request return the first job. */
export const idempotencyHeader: Parameter = {
  name: "idempotency-key",
  in: "header",
  description: "The job's `idempotencyKey`: sent again, the answer is the first job.",
  schema: id,
  example: "order-12345-mail",
};

/** The business process of jobs that say nothing else. */
export const correlationHeader: Parameter = {
  name: "x-correlation-id",
  in: "header",
  description: "The `correlationId` of jobs that have none. Ignored unless it is visible ASCII.",
  schema: id,
  example: "order-12345",
};

/** The caller's trace. */
export const traceContextHeaders: readonly Parameter[] = [
  {
    name: "traceparent",
    in: "header",
    description: "W3C Trace Context: the jobs go on in this trace. Ignored when malformed.",
    schema: { type: "string" },
    example: TRACEPARENT,
  },
  {
    name: "tracestate",
    in: "header",
    description: "W3C Trace Context: vendors' part of it.",
    schema: { type: "string" },
    example: "vendor=value",
  },
  {
    name: "baggage",
    in: "header",
    description: "W3C Baggage, for the handlers. Ignored unless the queue carries it.",
    schema: { type: "string" },
    example: "tenant=a",
  },
];

/** What the answer to an enqueue tells of its jobs' trace, where it is the same for all of them. */
export const answerHeaders: Readonly<Record<string, { description: string; schema: JsonSchema }>> =
  {
    "x-trace-id": {
      description: "The trace.",
      schema: { type: "string", pattern: "^[0-9a-f]{32}$" },
    },
    "x-correlation-id": { description: "The business process.", schema: id },
    "traceparent": {
      description: "The creation context, where tracing is set up.",
      schema: { type: "string" },
    },
  };
