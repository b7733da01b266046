/**
 * Enqueue: one job, or a batch of which all are stored or none.
 *
 * @module
 */
import { readTraceId } from "../../job/ids.ts";
import { inPart, isInputError } from "../../job/input_error.ts";
import type { JobSummary } from "../../job/job.ts";
import type { NewJob } from "../../job/new_job.ts";
import type { JobPart } from "../../job/parts.ts";
import type { Enqueued } from "../../job/queues.ts";
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
import { checkOptions } from "../../job/job_options.ts";
import { unknownDependency, unknownParent } from "../../store/reasons.ts";

/** A job as a request gives it. */
const exampleNewJob = {
  queueName: "email_queue",
  payload: { to: "a@example.com" },
  correlationId: "order-12345",
} as const;

/** Two jobs, the second of which waits for the first. */
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

/** One job. */
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
      description: "The job that was stored before under its idempotency key or its id.",
      schema: "EnqueuedJob",
    },
    201: { description: "The job as it is stored.", schema: "EnqueuedJob" },
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

/** Several jobs. */
export const enqueueBatch: HttpOperation = {
  operationId: "enqueueBatch",
  method: "POST",
  path: "/jobs/batch",
  right: "enqueue",
  summary: "Enqueue several jobs, all of them or none",
  parameters: [correlationHeader, ...traceContextHeaders],
  body: { description: "The jobs.", schema: "NewJobs", example: exampleBatch, required: true },
  answers: {
    201: {
      description: "The jobs as they are stored, in order, as lists show them.",
      schema: "EnqueuedJobs",
    },
  },
  errors: ["invalid_input", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    if (call.request.headers.has(KEY)) {
      throw invalidInput(`${KEY} is for one job; each of a batch has its idempotencyKey`, KEY);
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

/** The header stands for the body's own key. */
function withKey(body: JsonObject, { headers }: Request): JsonObject {
  const idempotencyKey = headers.get(KEY);
  if (idempotencyKey === null) return body;
  checkedAt(KEY, () => checkOptions({ idempotencyKey }));
  const { idempotencyKey: own = idempotencyKey } = body;
  if (own === idempotencyKey) return { ...body, idempotencyKey };
  throw invalidInput("The header and the body give two idempotency keys: give one", KEY);
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

/** Before anything of a job is read but its queue: even what is wrong with it is not for everybody. */
async function readJob(call: OperationCall, plain: JsonObject, path: string): Promise<NewJob> {
  const { queueName } = plain;
  if (typeof queueName === "string" && !await call.rights.may("enqueue", queueName)) {
    throw new RequestError("forbidden", "This needs the right to enqueue in this queue", {
      path: below(path, "queueName"),
    });
  }
  return await readNewJob(plain, path, rulesOf(call));
}

async function enqueue(
  call: OperationCall,
  newJobs: readonly NewJob[],
  { include, pathOf }: {
    /** The parts of the jobs to answer. Default: all. */
    readonly include?: readonly JobPart[];
    /** From where the library says that something is wrong to where it is in the request. */
    readonly pathOf: (path: string) => string | undefined;
  },
): Promise<readonly EnqueuedAnswer[]> {
  const { queue, request } = call;
  const trace = readRequestTrace(request, queue.carriesBaggage);
  try {
    const allowed = await withReadableReferences(call, newJobs);
    const jobs = allowed.map((newJob) => inTrace(newJob, trace));
    const enqueued = await queue.enqueueFor(jobs, { include, span: trace.span });
    return await Promise.all(
      enqueued.map((stored, i) => answerOf(call, stored, jobs[i]!, trace.span?.traceId)),
    );
  } catch (error) {
    // What a job alone can get wrong has been refused: this is what they refer to.
    if (error instanceof JobIdTakenError) {
      throw new RequestError("conflict", "The id is taken by another job");
    }
    throw isInputError(error) ? invalidInput(error.message, pathOf(inRequest(error.path))) : error;
  }
}

/** The library takes a parent, a request the id of one. */
function inRequest(path: string): string {
  return path.replace(/\.parent$/, ".parentId");
}

/** What is answered of a job: what may be read of it, or what its sender knows of it. */
interface EnqueuedAnswer extends Pick<Enqueued<JobSummary>, "id" | "deduplicated" | "traceparent"> {
  readonly traceId?: string | undefined;
  readonly correlationId?: string | undefined;
}

async function answerOf(
  { jobs, rights }: OperationCall,
  stored: Enqueued<JobSummary>,
  { traceId, correlationId }: NewJob,
  callersTraceId: string | undefined,
): Promise<EnqueuedAnswer> {
  const { id, deduplicated } = stored;
  if (await rights.may("read", stored.queueName)) return await jobs.withoutOthers(stored);
  // Of the first job that was stored under its key only what this one says of itself too.
  if (!deduplicated) {
    return { id, deduplicated, traceId: stored.traceId, correlationId: stored.correlationId };
  }
  const ownTraceId = traceId === undefined ? callersTraceId : readTraceId(traceId);
  return { id, deduplicated, traceId: ownTraceId, correlationId };
}

/**
 * Refuses references to jobs that the request may not read, as those to jobs that are not stored. A
 * parent may be unknown where a job has a trace of its own: so one that may not be read is left out then.
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
