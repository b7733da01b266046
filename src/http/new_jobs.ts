/**
 * From what a request says of a job to a job that can be enqueued. The rules are the library's own;
 * here they only get the path of what they refuse.
 *
 * @module
 */
import { checkJobId, checkQueueName } from "../job/ids.ts";
import { checkOptions, jobOptionNames, type JobOptions } from "../job/job_options.ts";
import { toJson } from "../job/json.ts";
import type { Job, JobWith, JobWithAttempts } from "../job/job.ts";
import { job, type NewJob } from "../job/new_job.ts";
import type { OptionNames } from "../job/option_names.ts";
import type { Enqueued } from "../job/queues.ts";
import { below, checkNames, type JsonObject, readTime } from "./input.ts";
import { checkedAt, invalidInput } from "./request_error.ts";
import { readPayload, type StandardSchema } from "./standard_schema.ts";

/** What bounds and checks payloads. */
export interface PayloadRules {
  /** The largest payload, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** By the queue's name. */
  readonly schemas: ReadonlyMap<string, StandardSchema>;
}

/** The options that a request can give a job, beside the parent's id in place of the parent itself. */
type OptionName = Exclude<keyof JobOptions, "parent"> | "parentId";

const optionNames = Object.keys(jobOptionNames).map((name) =>
  name === "parent" ? "parentId" : name
) as readonly OptionName[];

const names = ["id", "queueName", "payload", ...optionNames];

type StoredJob = JobWithAttempts & Enqueued<Job> & JobWith<Job, never>;

const stored: OptionNames<Omit<StoredJob, "id" | "queueName" | "payload" | OptionName>> = {
  status: true,
  attempts: true,
  releases: true,
  attemptTraceparent: true,
  createdAt: true,
  startedAt: true,
  finishedAt: true,
  error: true,
  result: true,
  payloadBytes: true,
  resultBytes: true,
  attemptHistory: true,
  deduplicated: true,
};

/** What only a stored job has. A request may contain it: a job can be posted as it was answered. */
export const storedNames: readonly string[] = Object.keys(stored);

// A rule takes less than a hundred; more would be kept with the job for nothing.
const LONGEST_BACKOFF = 1_000;

/** Reads a job. `path` is its own in the request, empty where it is the whole body. */
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
  const options = readOptions(plain, path);
  const payloadPath = below(path, "payload");
  // Before a schema sees it, so that it need not fear depth.
  checkedAt(payloadPath, () => toJson(plain.payload, "payload", maxPayloadBytes));
  const schema = schemas.get(queueName);
  const payload = schema === undefined
    ? plain.payload
    : await readPayload(schema, plain.payload, payloadPath);
  const newJob = checkedAt(path, () => job(queueName, payload, options));
  return id === undefined ? newJob : { ...newJob, id };
}

function readOptions(plain: JsonObject, path: string): JobOptions {
  const options: Record<string, unknown> = {};
  for (const name of optionNames) {
    const value = plain[name];
    if (value === undefined) continue;
    const option = name === "parentId" ? "parent" : name;
    options[option] = readOption(name, value, below(path, name));
  }
  return options;
}

function readOption(name: OptionName, value: unknown, path: string): unknown {
  switch (name) {
    case "parentId":
      return checkedAt(path, () => value === null ? null : checkJobId(value, "parentId"));
    case "dependsOn":
      return readDependencies(value, path);
    case "backoff":
      checkedAt(path, () => toJson(value, "backoff", LONGEST_BACKOFF));
      break;
    case "runAt":
      value = readTime(value, "runAt", path);
  }
  checkedAt(path, () => checkOptions({ [name]: value }));
  return value;
}

/** Ids one by one, for the path of the one that is wrong. */
function readDependencies(value: unknown, path: string): unknown {
  if (Array.isArray(value)) {
    // The list's own length first, or the last of a million would be looked at.
    checkedAt(path, () => checkOptions({ dependsOn: Array(value.length).fill(ANY_ID) }));
    value.forEach((id, i) => checkedAt(`${path}[${i}]`, () => checkJobId(id, "dependsOn")));
    return value;
  }
  checkedAt(path, () => checkOptions({ dependsOn: value as string[] }));
  throw invalidInput("dependsOn must be a list of job ids", path);
}

const ANY_ID = "00000000-0000-7000-8000-000000000000";
