/**
 * Reads the jobs of a request. The library checks them; what it refuses gets its path in the request.
 *
 * @module
 */
import { checkJobId, checkQueueName } from "../job/ids.ts";
import type { OptionNames } from "../job/checks.ts";
import {
  checkJobOptions,
  jobOptionNames,
  type JobOptions,
  type NewJobOptions,
} from "../job/job_options.ts";
import { toJson } from "../job/json.ts";
import type { Job, JobWith, JobWithAttempts } from "../job/job.ts";
import { job, type NewJob } from "../job/new_job.ts";
import type { EnqueuedJob } from "../job/queues.ts";
import { below, checkNames, type JsonObject, readTime } from "./input.ts";
import { checkedAt, checkedIn } from "./request_error.ts";
import { readPayload, type StandardSchema } from "./standard_schema.ts";

/** Limits and schemas of payloads. */
export interface PayloadRules {
  /** The largest payload, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** By the queue's name. */
  readonly schemas: ReadonlyMap<string, StandardSchema>;
}

/** The options of `job()`, with the id of a parent instead of the parent. */
type OptionName = Exclude<keyof JobOptions, "parent"> | "parentId";

const optionNames = Object.keys(jobOptionNames).map((name) =>
  name === "parent" ? "parentId" : name
) as readonly OptionName[];

const names = ["id", "queueName", "payload", ...optionNames];

type StoredJob = JobWithAttempts & EnqueuedJob<Job> & JobWith<Job, never>;

const stored: OptionNames<Omit<StoredJob, "id" | "queueName" | "payload" | OptionName>> = {
  status: true,
  attempts: true,
  releases: true,
  snoozes: true,
  attemptTraceparent: true,
  workerName: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  error: true,
  operation: true,
  result: true,
  payloadBytes: true,
  resultBytes: true,
  attemptHistory: true,
  deduplicated: true,
};

/** Properties that only a stored job has. They are ignored, so a job can be posted as it was answered. */
export const storedNames: readonly string[] = Object.keys(stored);

// In bytes. A back-off rule takes less than a hundred.
const LONGEST_BACKOFF = 1_000;

/** Reads a job. `path` is its path in the request, empty when it is the whole body. */
export async function readNewJob(
  plain: JsonObject,
  path: string,
  { maxPayloadBytes, schemas }: PayloadRules,
): Promise<NewJob> {
  checkNames(plain, names, path, storedNames);
  const queueName = checkedAt(below(path, "queueName"), () => checkQueueName(plain.queueName));
  const id = plain.id === undefined
    ? undefined
    : checkedAt(below(path, "id"), () => checkJobId(plain.id));
  const { traceId, parentId: parent, ...options } = readOptions(plain, path);
  const payloadPath = below(path, "payload");
  // Before a schema reads it: a schema may be recursive.
  checkedAt(payloadPath, () => toJson(plain.payload, "payload", maxPayloadBytes));
  const schema = schemas.get(queueName);
  const payload = schema === undefined
    ? plain.payload
    : await readPayload(schema, plain.payload, payloadPath);
  // A new job with a trace id never leaves that trace. A stored one has a trace id in any case, and
  // says by its `propagation` whether it leaves its trace.
  const newJob = isStored(plain)
    ? { ...job(queueName, payload, { ...options, parent }), parentTraceId: traceId }
    : checkedIn(path, () => job(queueName, payload, { ...options, parent, traceId }));
  return id === undefined ? newJob : { ...newJob, id };
}

function readOptions(plain: JsonObject, path: string): NewJobOptions {
  const given = optionNames.filter((name) => plain[name] !== undefined);
  const options: Record<string, unknown> = Object.fromEntries(
    given.map((name) => [name, plain[name]]),
  );
  const { parentId = null, backoff = null, runAt } = options;
  if (parentId !== null) {
    checkedAt(below(path, "parentId"), () => checkJobId(parentId, "parentId"));
  }
  checkedAt(below(path, "backoff"), () => toJson(backoff, "backoff", LONGEST_BACKOFF));
  if (runAt !== undefined) options.runAt = readTime(runAt, "runAt", below(path, "runAt"));
  checkedIn(path, () => checkJobOptions(options));
  return options;
}

/** Whether a request contains a job as it was answered, and not a new one. */
function isStored(plain: JsonObject): boolean {
  return plain.status !== undefined;
}
