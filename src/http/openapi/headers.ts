/**
 * The headers of the operations as the document describes them.
 *
 * @module
 */
import type { JsonSchema, Parameter } from "../operation.ts";

const text = (maxLength: number) => ({ type: "string", minLength: 1, maxLength });

const TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/** Makes a repeated request return the first job. */
export const idempotencyHeader: Parameter = {
  name: "idempotency-key",
  in: "header",
  description: "The job's `idempotencyKey`: sent again, the answer is the first job.",
  schema: text(255),
  example: "order-12345-mail",
};

/** The business process of jobs that say nothing else. */
export const correlationHeader: Parameter = {
  name: "x-correlation-id",
  in: "header",
  description: "The `correlationId` of jobs that have none. Ignored unless it is visible ASCII.",
  schema: text(255),
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
    "x-correlation-id": { description: "The business process.", schema: text(255) },
    "traceparent": {
      description: "The creation context, where tracing is set up.",
      schema: { type: "string" },
    },
  };
