/**
 * Enqueueing: one job, or several in one atomic step.
 *
 * @module
 */
import { readTraceId } from "../../job/ids.ts";
import { inPart, isInputError } from "../../job/checks.ts";
import type { JobSummary } from "../../job/job.ts";
import type { NewJob } from "../../job/new_job.ts";
import type { JobPart } from "../../job/record.ts";
import type { EnqueuedJob } from "../../job/queues.ts";
import { JobIdTakenError } from "../../job/errors.ts";
import { below, checkNames, type JsonObject, jsonObject } from "../input.ts";
import { readNewJob } from "../new_jobs.ts";
import {
  correlationHeader,
  idempotencyHeader,
  traceContextHeaders,
} from "../openapi/parameters.ts";
import type { HttpOperation, OperationCall } from "../operation.ts";
import { checkedAt, invalidInput, RequestError } from "../request_error.ts";
import { inTrace, readRequestTrace, traceHeadersOf } from "../trace_headers.ts";
import { checkJobOptions } from "../../job/job_options.ts";
import { unknownDependency, unknownParent } from "../../store/rules.ts";

// The examples are real: sent as they are, they are accepted.
const exampleNewJob = {
  queueName: "email_queue",
  payload: { to: "a@example.com" },
  correlationId: "order-12345",
} as const;

const exampleBatch = {
  jobs: [
    {
      id: "01987654-3210-7abc-8def-0123456789ab",
      queueName: "payment_queue",
      payload: { amount: 299.99 },
      correlationId: "order-12345",
    },
    {
      queueName: "email_queue",
      payload: { to: "a@example.com" },
      correlationId: "order-12345",
      dependsOn: ["01987654-3210-7abc-8def-0123456789ab"],
    },
  ],
} as const;

/** Enqueues one job. */
export const enqueueJob: HttpOperation = {
  operationId: "enqueueJob",
  method: "POST",
  path: "/jobs",
  right: "enqueue",
  summary: "Enqueue one job",
  parameters: [idempotencyHeader, correlationHeader, ...traceContextHeaders],
  body: { description: "The job.", schema: "NewJob", example: exampleNewJob, required: true },
  answers: {
    200: {
      description: "A job with this idempotency key or this id was already stored: that job.",
      schema: "EnqueuedJob",
    },
    201: { description: "The stored job.", schema: "EnqueuedJob" },
  },
  errors: ["invalid_input", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    const newJob = await readJob(call, withKey(call.body, call.request), "");
    const [enqueued] = await enqueue(call, [newJob], {
      pathOf: (path) => path.replace(/^\[0\]\.?/, "") || undefined,
    });
    return {
      status: enqueued!.deduplicated ? 200 : 201,
      body: enqueued,
      headers: traceHeadersOf([enqueued!]),
    };
  },
};

/** Enqueues several jobs. */
export const enqueueBatch: HttpOperation = {
  operationId: "enqueueBatch",
  method: "POST",
  path: "/jobs/batch",
  right: "enqueue",
  summary: "Enqueue several jobs atomically: all or none",
  parameters: [correlationHeader, ...traceContextHeaders],
  body: { description: "The jobs.", schema: "NewJobs", example: exampleBatch, required: true },
  answers: {
    201: {
      description: "The stored jobs in the order of the request, as in lists.",
      schema: "EnqueuedJobs",
    },
  },
  errors: ["invalid_input", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    if (call.request.headers.has(KEY)) {
      throw invalidInput(
        `The header ${KEY} is for a single job: in a batch, set idempotencyKey on each job`,
        KEY,
      );
    }
    const newJobs: NewJob[] = [];
    for (const [i, one] of readList(call).entries()) {
      const path = `jobs[${i}]`;
      newJobs.push(await readJob(call, jsonObject(one, "A job", path), path));
    }
    const jobs = await enqueue(call, newJobs, { include: [], pathOf: (path) => `jobs${path}` });
    return { status: 201, body: { jobs }, headers: traceHeadersOf(jobs) };
  },
};

const KEY = "idempotency-key";

function rulesOf({ queue, settings }: OperationCall) {
  return { maxPayloadBytes: queue.maxPayloadBytes, schemas: settings.schemas };
}

/** The body with the key of the header. */
function withKey(body: JsonObject, { headers }: Request): JsonObject {
  const idempotencyKey = headers.get(KEY);
  if (idempotencyKey === null) return body;
  checkedAt(KEY, () => checkJobOptions({ idempotencyKey }));
  const { idempotencyKey: own = idempotencyKey } = body;
  if (own === idempotencyKey) return { ...body, idempotencyKey };
  throw invalidInput(`The header ${KEY} and idempotencyKey in the body must be equal`, KEY);
}

function readList({ body, settings }: OperationCall): readonly unknown[] {
  checkNames(body, ["jobs"], "");
  const { jobs } = body;
  if (Array.isArray(jobs) && jobs.length >= 1 && jobs.length <= settings.maxJobs) return jobs;
  throw invalidInput(
    `jobs must be a list of 1 to ${settings.maxJobs} jobs: got ` +
      (Array.isArray(jobs) ? jobs.length : typeof jobs),
    "jobs",
  );
}

/** Checks the right before anything but the queue is read: errors reveal nothing without it. */
async function readJob(call: OperationCall, plain: JsonObject, path: string): Promise<NewJob> {
  const { queueName } = plain;
  if (typeof queueName === "string" && !await call.rights.may("enqueue", queueName)) {
    throw new RequestError("forbidden", `This needs the right to enqueue in ${queueName}`, {
      path: below(path, "queueName"),
    });
  }
  return await readNewJob(plain, path, rulesOf(call));
}

async function enqueue(
  call: OperationCall,
  newJobs: readonly NewJob[],
  { include, pathOf }: {
    /** The parts of the jobs to return. Default: all. */
    readonly include?: readonly JobPart[];
    /** Maps a path in the list of jobs to the path in the request. */
    readonly pathOf: (path: string) => string | undefined;
  },
): Promise<readonly EnqueueReceipt[]> {
  const { queue, request } = call;
  const trace = readRequestTrace(request, queue.carriesBaggage);
  try {
    const allowed = await withReadableReferences(call, newJobs);
    const jobs = allowed.map((newJob) => inTrace(newJob, trace));
    const enqueued = await queue.enqueueFor(jobs, { include, span: trace.span });
    return await Promise.all(
      enqueued.map((stored, i) => enqueuedJobOf(call, stored, jobs[i]!, trace.span?.traceId)),
    );
  } catch (error) {
    // Each job has been checked by itself; what remains is what the jobs refer to.
    if (error instanceof JobIdTakenError) {
      throw new RequestError("conflict", "Another job has this id");
    }
    throw isInputError(error) ? invalidInput(error.message, pathOf(inRequest(error.path))) : error;
  }
}

/** The library has `parent` where a request has `parentId`. */
function inRequest(path: string): string {
  return path.replace(/\.parent$/, ".parentId");
}

/** An enqueued job as it is answered: what the caller may read, or what the request itself contained. */
interface EnqueueReceipt
  extends Pick<EnqueuedJob<JobSummary>, "id" | "deduplicated" | "traceparent"> {
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
}

async function enqueuedJobOf(
  { jobs, rights }: OperationCall,
  stored: EnqueuedJob<JobSummary>,
  { traceId, correlationId }: NewJob,
  callersTraceId: string | undefined,
): Promise<EnqueueReceipt> {
  const { id, deduplicated } = stored;
  if (await rights.may("read", stored.queueName)) return await jobs.redacted(stored);
  // The stored job is another one: without the right to read, only what this request contained.
  if (!deduplicated) {
    return { id, deduplicated, traceId: stored.traceId, correlationId: stored.correlationId };
  }
  const ownTraceId = traceId === undefined ? callersTraceId : readTraceId(traceId);
  return { id, deduplicated, traceId: ownTraceId, correlationId };
}

/**
 * Refuses references to jobs that the request may not read, as if those were not stored. A job with its
 * own `traceId` may have an unknown parent, so there a parent that may not be read is left out.
 */
async function withReadableReferences(
  { jobs, rights }: OperationCall,
  newJobs: readonly NewJob[],
): Promise<readonly NewJob[]> {
  if (rights.isPublic("read")) return newJobs;
  const here = new Set(newJobs.map(({ id }) => id));
  const elsewhere = new Set(
    newJobs.flatMap(({ parentId, dependsOn = [] }) => [...dependsOn, parentId ?? []].flat())
      .filter((id) => !here.has(id)),
  );
  const readable = await jobs.readable([...elsewhere]);
  const isKnown = (id: string) => here.has(id) || readable.has(id);
  return newJobs.map((newJob, i) => {
    const { parentId, dependsOn = [], traceId } = newJob;
    const at = dependsOn.findIndex((id) => !isKnown(id));
    if (at >= 0) throw inPart(unknownDependency(dependsOn[at]!), `[${i}].dependsOn[${at}]`);
    if (parentId === undefined || parentId === null || isKnown(parentId)) return newJob;
    if (traceId === undefined) throw inPart(unknownParent(parentId), `[${i}].parent`);
    const { parentId: _, ...rest } = newJob;
    return rest;
  });
}
