/**
 * The JSON Schemas of all bodies, by name.
 *
 * @module
 */
import { longestDelayMs } from "../../job/backoff.ts";
import { longestTimerMs, mostAttempts, mostDependencies } from "../../job/job_options.ts";
import { storedNames } from "../new_jobs.ts";
import { attemptOutcomes } from "../../job/outcomes.ts";
import { hasEnded, type JobStatus, jobStatuses } from "../../job/status.ts";
import type { JsonSchema } from "../operation.ts";
import { statusOfCode } from "../request_error.ts";

/** A reference to a schema by its name. */
const ref = (name: string): JsonSchema => ({ $ref: `#/components/schemas/${name}` });

/** An array of what a schema describes. */
const list = (items: JsonSchema, more: JsonSchema = {}): JsonSchema => ({
  type: "array",
  items,
  ...more,
});

/** An object with these properties and no others. */
const closed = (properties: JsonSchema, required: readonly string[] = []): JsonSchema => ({
  type: "object",
  properties,
  required,
  additionalProperties: false,
});

/** A whole number. */
const whole = (minimum: number, maximum?: number): JsonSchema => ({
  type: "integer",
  minimum,
  ...maximum !== undefined && { maximum },
});

/** Text of any kind. */
const text: JsonSchema = { type: "string" };

/** A point in time. */
const time: JsonSchema = { type: "string", format: "date-time" };

/** A trace id in any spelling, but not all zeros. */
export const anyTraceId: JsonSchema = {
  type: "string",
  pattern: "^(?![0-]+$)([0-9A-Fa-f]{32}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})$",
};

/** A time at which a job can be due, in UTC. */
const dueTime: JsonSchema = { ...time, pattern: "^(19[789][0-9]|[2-9][0-9]{3})-" };

const jobId: JsonSchema = { type: "string", format: "uuid" };
const businessId: JsonSchema = { type: "string", minLength: 1, maxLength: 255 };
const delay = whole(0, longestDelayMs);
const duration: JsonSchema = { type: "number", minimum: 0, maximum: longestDelayMs };

const backoff: JsonSchema = closed({
  type: { enum: ["fixed", "linear", "exponential"] },
  delayMs: duration,
  maxMs: duration,
  jitter: { type: "number", minimum: 0, maximum: 1 },
}, ["type", "delayMs"]);

/** Properties that new jobs and stored jobs have alike. */
const shared = {
  correlationId: businessId,
  onDependencyFailure: { enum: ["cancel", "run"] },
  priority: whole(-32_768, 32_767),
  runAt: dueTime,
  maxAttempts: whole(1, mostAttempts),
  backoff,
  timeoutMs: whole(1, longestTimerMs),
  idempotencyKey: businessId,
  propagation: { enum: ["auto", "child", "link", "none"] },
  traceparent: text,
  tracestate: text,
  baggage: text,
};

const newJob = closed({
  id: { type: "string", format: "uuid" },
  queueName: ref("QueueName"),
  payload: true,
  traceId: anyTraceId,
  parentId: { type: ["string", "null"], format: "uuid" },
  dependsOn: list({ type: "string", format: "uuid" }, { maxItems: mostDependencies }),
  delayMs: delay,
  ...shared,
  ...Object.fromEntries(storedNames.map((name) => [name, { readOnly: true }])),
}, ["queueName", "payload"]);

const summaryProperties = {
  id: { type: "string", format: "uuid" },
  queueName: ref("QueueName"),
  status: ref("JobStatus"),
  attempts: whole(0),
  releases: whole(0),
  snoozes: whole(0),
  traceId: { type: "string", pattern: "^[0-9a-f]{32}$" },
  parentId: { type: "string", format: "uuid" },
  attemptTraceparent: text,
  dependsOn: list({ type: "string", format: "uuid" }),
  ...shared,
  createdAt: time,
  startedAt: time,
  finishedAt: time,
  error: ref("JobError"),
  operation: ref("JobOperation"),
  workerName: text,
};

const partProperties = { payload: true, result: true };
const jobProperties = { ...summaryProperties, ...partProperties };

/** What replaces parts that are not included. */
const partSizes = { payloadBytes: whole(0), resultBytes: whole(0) };

const alwaysThere = [
  "id",
  "queueName",
  "status",
  "attempts",
  "releases",
  "snoozes",
  "maxAttempts",
  "priority",
  "traceId",
  "dependsOn",
  "onDependencyFailure",
  "createdAt",
  "runAt",
];

const wholeJob = [...alwaysThere, "payload"];

const attemptHistory = list(ref("Attempt"));
const keptOutcomes = Object.keys(attemptOutcomes).filter((outcome) => outcome !== "snoozed");

const jobSchemas: Readonly<Record<string, JsonSchema>> = {
  QueueName: { type: "string", pattern: "^[A-Za-z0-9][A-Za-z0-9_.:-]{0,127}$" },
  JobStatus: { enum: jobStatuses },
  JobError: closed(
    { name: text, message: text, stack: text, dependencyId: jobId, parentId: jobId },
    ["name", "message"],
  ),
  JobOperation: {
    description: "The last thing that an operator did to the job.",
    ...closed(
      { name: { enum: ["cancel", "retry", "reschedule"] }, at: time, by: text, reason: text },
      ["name", "at"],
    ),
  },
  NewJob: {
    description:
      "A job to enqueue. Properties that only a stored job has are ignored, so a job can be " +
      "sent as `GET /jobs/{id}` returned it.",
    ...newJob,
  },
  NewJobs: closed({ jobs: list(ref("NewJob"), { minItems: 1 }) }, ["jobs"]),
  Job: closed(jobProperties, wholeJob),
  ListedJob: closed({ ...jobProperties, ...partSizes }, alwaysThere),
  EnqueuedJob: {
    description:
      "The stored job, if the caller may read its queue. Otherwise its id, whether it was already " +
      "stored, and the trace id and correlation id that the request contained.",
    ...closed({ ...jobProperties, deduplicated: { type: "boolean" } }, ["id", "deduplicated"]),
  },
  ListedEnqueuedJob: {
    description:
      "As `EnqueuedJob`, with the sizes of payload and result instead of them, and with errors " +
      "shortened and without stacks.",
    ...closed({ ...summaryProperties, ...partSizes, deduplicated: { type: "boolean" } }, [
      "id",
      "deduplicated",
    ]),
  },
  EnqueuedJobs: closed({ jobs: list(ref("ListedEnqueuedJob")) }, ["jobs"]),
  JobChange: closed({
    job: ref("Job"),
    changed: { type: "boolean" },
    reason: text,
    cancelledDescendants: whole(0),
  }, ["job", "changed"]),
  JobWithAttempts: closed({ ...jobProperties, attemptHistory }, [...wholeJob, "attemptHistory"]),
  Attempt: closed({
    attempt: whole(1),
    outcome: { enum: ["running", ...keptOutcomes] },
    startedAt: time,
    finishedAt: time,
    error: ref("JobError"),
    traceparent: text,
    workerName: text,
  }, ["attempt", "outcome", "startedAt"]),
};

const tree = (id: string): JsonSchema =>
  closed({
    [id]: text,
    roots: list(ref("JobNode")),
    startedAt: time,
    finishedAt: time,
    nextCursor: text,
  }, [id, "roots"]);

/** How many jobs have each of these statuses. */
const countsOf = (statuses: readonly JobStatus[]): JsonSchema =>
  closed(Object.fromEntries(statuses.map((status) => [status, whole(0)])), statuses);

/** All schemas, by name. */
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
  Stats: closed({
    queues: list(closed({
      queueName: ref("QueueName"),
      jobs: countsOf(jobStatuses),
      waiting: whole(0),
      unfinished: whole(0),
      oldestReadyMs: { type: "number", minimum: 0 },
      pause: closed({ since: time, until: time, reason: text, by: text }, ["since"]),
      ended: countsOf(jobStatuses.filter(hasEnded)),
    }, ["queueName", "jobs", "waiting", "unfinished"])),
    vacuumBlocker: closed({
      kind: { enum: ["session", "prepared transaction", "replication slot"] },
      name: text,
      description: text,
      ageMs: { type: "number" },
    }, ["kind", "name", "description"]),
  }, ["queues"]),
  Health: closed({ oldestReadyMs: { type: "number", minimum: 0 } }, ["oldestReadyMs"]),
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
