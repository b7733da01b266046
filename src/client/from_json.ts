/**
 * From the JSON of a router to the values that a queue returns: times become dates. Other JSON is
 * refused, since another server may have answered.
 *
 * @module
 */
import type {
  Attempt,
  Job,
  JobOperation,
  JobSummary,
  JobWith,
  JobWithAttempts,
} from "../job/job.ts";
import type { JobError, JobPart } from "../job/record.ts";
import type { EnqueuedJob } from "../job/queues.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { JobChange } from "../queue/job_change.ts";
import { type JobNode, type JobTree, nodesInOrder } from "../queue/job_tree.ts";
import type { JobPage } from "../queue/find.ts";
import type { QueuePause, QueueStats, Stats } from "../queue/stats.ts";
import {
  date,
  type Fields,
  flag,
  list,
  number,
  object,
  oneOf,
  optional,
  present,
  type Reader,
  text,
  UnexpectedShape,
} from "./answer_shape.ts";

/**
 * An enqueued job as a router answers it. A caller who may read its queue gets the whole job;
 * others get its id, whether it was stored before, and the trace id and correlation id if the call
 * passed them.
 */
export type Receipt<AJob extends Job> =
  & Pick<EnqueuedJob<AJob>, "id" | "deduplicated">
  & Partial<AJob>;

/** One of several enqueued jobs: a `Receipt` with the sizes of its payload and its result only. */
export type ListedReceipt<AJob extends Job> =
  & Pick<EnqueuedJob<AJob>, "id" | "deduplicated">
  & Partial<JobWith<AJob, never>>;

const anything: Reader<unknown> = (value) => value;

const jobError: Reader<JobError> = object<Pick<JobError, "name" | "message">>({
  name: text,
  message: text,
});

// All but fields that can be any JSON.
const summaryFields: Fields<Omit<JobSummary, "backoff">> = {
  id: text,
  queueName: text,
  status: oneOf(jobStatuses),
  attempts: number,
  releases: number,
  snoozes: number,
  maxAttempts: number,
  priority: number,
  traceId: text,
  correlationId: optional(text),
  parentId: optional(text),
  traceparent: optional(text),
  tracestate: optional(text),
  baggage: optional(text),
  propagation: optional(oneOf(["auto", "child", "link", "none"])),
  attemptTraceparent: optional(text),
  dependsOn: list(text),
  onDependencyFailure: oneOf(["cancel", "run"]),
  idempotencyKey: optional(text),
  timeoutMs: optional(number),
  createdAt: date,
  runAt: date,
  startedAt: optional(date),
  finishedAt: optional(date),
  error: optional(jobError),
  operation: optional(object<JobOperation>({
    name: text as Reader<JobOperation["name"]>,
    at: date,
    by: optional(text),
    reason: optional(text),
  })),
  workerName: optional(text),
};

const attempt = object<Attempt>({
  attempt: number,
  outcome: text as Reader<Attempt["outcome"]>,
  startedAt: date,
  finishedAt: optional(date),
  error: optional(jobError),
  traceparent: optional(text),
  workerName: optional(text),
});
const attempts: Reader<readonly Attempt[]> = list(attempt);

const jobFields = { ...summaryFields, payload: present };

/** A job. */
const jobFrom: Reader<Job> = object(jobFields) as Reader<Job>;

/** A job with all of its attempts. */
export const jobWithAttemptsFrom: Reader<JobWithAttempts<Job>> = object({
  ...jobFields,
  attemptHistory: attempts,
}) as Reader<JobWithAttempts<Job>>;

/** The fields of a job with these parts, and the sizes of the others. */
function fieldsWith(parts: readonly JobPart[]): typeof summaryFields {
  return {
    ...summaryFields,
    ...parts.includes("payload") ? { payload: present } : { payloadBytes: number },
    ...!parts.includes("result") && { resultBytes: optional(number) },
  };
}

const wholeReceipt = object({ ...jobFields, deduplicated: flag });
const listedReceipt = object({ ...fieldsWith([]), deduplicated: flag });
const shortReceipt = object({
  id: text,
  deduplicated: flag,
  traceId: optional(text),
  correlationId: optional(text),
});

/** An enqueued job, whole or short. */
function receiptFrom<AReceipt>(readable: Reader<unknown>): Reader<AReceipt> {
  return (value, path) => {
    const { status } = (value ?? {}) as { readonly status?: unknown };
    return (status === undefined ? shortReceipt : readable)(value, path) as AReceipt;
  };
}

/** A job that was enqueued. */
export const enqueuedFrom: Reader<Receipt<Job>> = receiptFrom(wholeReceipt);

/** Jobs that were enqueued together. */
export const enqueuedListFrom: Reader<{ readonly jobs: readonly ListedReceipt<Job>[] }> = object({
  jobs: list(receiptFrom<ListedReceipt<Job>>(listedReceipt)),
});

/** A page of jobs with these parts. */
export function pageFrom(parts: readonly JobPart[]): Reader<JobPage<JobSummary>> {
  return object<JobPage<JobSummary>>({
    jobs: list(object(fieldsWith(parts))),
    nextCursor: optional(text),
  });
}

/** The answer to a cancellation or a retry. */
export const changeFrom: Reader<JobChange> = (value, path) => {
  const { reason, ...change } = object({
    job: jobFrom,
    changed: flag,
    reason: optional(text),
    cancelledDescendants: optional(number),
  })(value, path);
  return { ...change, reason };
};

/** The statistics of the queues. */
export const statsFrom: Reader<Stats> = object<Stats>({
  queues: list(object<QueueStats>({
    queueName: text,
    jobs: object(countOf(jobStatuses)),
    waiting: number,
    unfinished: number,
    oldestReadyMs: optional(number),
    pause: optional(object<QueuePause>({
      since: date,
      until: optional(date),
      reason: optional(text),
      by: optional(text),
    })),
    ended: optional(object(countOf(["completed", "failed", "cancelled"]))),
  })),
  vacuumBlocker: optional(object({ name: text, description: text })) as Reader<
    Stats["vacuumBlocker"]
  >,
});

function countOf<Status extends JobStatus>(
  statuses: readonly Status[],
): Fields<Record<Status, number>> {
  return Object.fromEntries(statuses.map((status) => [status, number])) as Fields<
    Record<Status, number>
  >;
}

const treeAlone = object({
  roots: list(anything),
  startedAt: optional(date),
  finishedAt: optional(date),
  nextCursor: optional(text),
});

/** A tree of jobs with these parts. */
export function treeFrom(parts: readonly JobPart[]): Reader<JobTree> {
  const job = object(fieldsWith(parts));
  // Without the children, which are read level by level: a tree can be as deep as it has jobs.
  const nodeAlone = object({ job, attempts, children: list(anything) });
  return (value, path) => {
    const { roots: written, startedAt, finishedAt, nextCursor } = treeAlone(value, path);
    const roots = nodesFrom(written, nodeAlone);
    const jobs = nodesInOrder(roots).map(({ job }) => job);
    return { jobs, roots, startedAt, finishedAt, nextCursor };
  };
}

interface NodeAlone extends Omit<JobNode, "children"> {
  readonly children: readonly unknown[];
}

function nodesFrom(roots: readonly unknown[], nodeAlone: Reader<NodeAlone>): readonly JobNode[] {
  const read: JobNode[] = [];
  const levels = [{ from: roots, to: read, path: "roots" }];
  for (let level = levels.pop(); level !== undefined; level = levels.pop()) {
    for (const [i, one] of level.from.entries()) {
      const path = `${level.path}[${i}]`;
      const { children: from, ...node } = nodeAlone(one, path);
      const children: JobNode[] = [];
      level.to.push({ ...node, children });
      if (from.length > 0) levels.push({ from, to: children, path: `${path}.children` });
    }
  }
  return read;
}

/** An error of a router: its code, a sentence, and the invalid part of the input. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly path: string | undefined;
}

const refusal = object<{ readonly error: Refusal }>({
  error: object<Refusal>({ code: text, message: text, path: optional(text) }),
});

/** The error of a router, if the answer is one. */
export function refusalFrom(value: unknown): Refusal | undefined {
  try {
    return refusal(value, "").error;
  } catch (error) {
    if (error instanceof UnexpectedShape) return undefined;
    throw error;
  }
}
