/**
 * The schemas of everything that goes in and out, by name.
 *
 * @module
 */
import type { JsonSchema } from "../operation.ts";
import { statusOfCode } from "../request_error.ts";
import { closed, jobSchemas, list, ref, text, time, whole } from "./job_schemas.ts";

const tree = (id: string): JsonSchema =>
  closed({
    [id]: text,
    roots: list(ref("JobNode")),
    startedAt: time,
    finishedAt: time,
    nextCursor: text,
  }, [id, "roots"]);

/** The schemas, by name. */
export const schemas: Readonly<Record<string, JsonSchema>> = {
  ...jobSchemas,
  JobPage: closed({ jobs: list(ref("ListedJob")), nextCursor: text }, ["jobs"]),
  JobNode: closed({
    job: ref("ListedJob"),
    attempts: list(ref("Attempt")),
    children: list(ref("JobNode")),
  }, ["job", "attempts", "children"]),
  TraceTree: tree("traceId"),
  CorrelationTree: tree("correlationId"),
  Cancellation: closed({
    reason: { type: "string", maxLength: 1_000 },
    descendants: { type: "boolean", default: false },
  }),
  Retry: closed({
    dependents: { type: "boolean", default: true },
    force: { type: "boolean", default: false },
  }),
  Counts: closed({
    queues: list(closed({
      queueName: ref("QueueName"),
      status: ref("JobStatus"),
      count: whole(1),
    }, ["queueName", "status", "count"])),
  }, ["queues"]),
  Health: closed({
    queues: list(closed({
      queueName: ref("QueueName"),
      ready: whole(0),
      running: whole(0),
      waiting: whole(0),
      oldestReadyMs: { type: "number", minimum: 0 },
    }, ["queueName", "ready", "running", "waiting"])),
    vacuumBlocker: closed({
      kind: { enum: ["session", "prepared transaction", "replication slot"] },
      name: text,
      description: text,
      ageMs: { type: "number" },
    }, ["kind", "name", "description"]),
  }, ["queues"]),
  Document: { type: "object", required: ["openapi", "info", "paths"] },
  Error: closed({
    error: closed({
      code: { enum: Object.keys(statusOfCode) },
      message: text,
      path: text,
      status: ref("JobStatus"),
    }, ["code", "message"]),
  }, ["error"]),
};
