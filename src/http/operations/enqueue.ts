/**
 * Enqueue: one job, or a batch of which all are stored or none.
 *
 * @module
 */
import { isInputError } from "../../job/input_error.ts";
import type { Job } from "../../job/job.ts";
import type { NewJob } from "../../job/new_job.ts";
import type { Enqueued } from "../../job/queues.ts";
import { JobIdTakenError } from "../../job/errors.ts";
import { checkNames, type Plain, plainObject } from "../body.ts";
import { readNewJob } from "../new_jobs.ts";
import { exampleBatch, exampleNewJob } from "../openapi/examples.ts";
import { correlationHeader, idempotencyHeader, traceContextHeaders } from "../openapi/headers.ts";
import type { Call, Operation } from "../operation.ts";
import { checkedAt, invalidInput, RequestError } from "../request_error.ts";
import { inTrace, readRequestTrace, traceHeadersOf } from "../trace_headers.ts";
import { checkOptions } from "../../job/job_options.ts";

/** One job. */
export const enqueueJob: Operation = {
  operationId: "enqueueJob",
  method: "POST",
  path: "/jobs",
  right: "write",
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
    const newJob = await readNewJob(withKey(call.body, call.request), "", rulesOf(call));
    const [enqueued] = await enqueue(
      call,
      [newJob],
      (path) => path.replace(/^\[0\]\.?/, "") || undefined,
    );
    return {
      status: enqueued!.deduplicated ? 200 : 201,
      body: enqueued,
      headers: traceHeadersOf([enqueued!]),
    };
  },
};

/** Several jobs. */
export const enqueueBatch: Operation = {
  operationId: "enqueueBatch",
  method: "POST",
  path: "/jobs/batch",
  right: "write",
  summary: "Enqueue several jobs, all of them or none",
  parameters: [correlationHeader, ...traceContextHeaders],
  body: { description: "The jobs.", schema: "NewJobs", example: exampleBatch, required: true },
  answers: {
    201: { description: "The jobs as they are stored, in order.", schema: "EnqueuedJobs" },
  },
  errors: ["invalid_input", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    if (call.request.headers.has(KEY)) {
      throw invalidInput(`${KEY} is for one job; each of a batch has its idempotencyKey`, KEY);
    }
    const newJobs: NewJob[] = [];
    for (const [i, one] of readList(call).entries()) {
      const path = `jobs[${i}]`;
      newJobs.push(await readNewJob(plainObject(one, "A job", path), path, rulesOf(call)));
    }
    const jobs = await enqueue(call, newJobs, (path) => `jobs${path}`);
    return { status: 201, body: { jobs }, headers: traceHeadersOf(jobs) };
  },
};

const KEY = "idempotency-key";

function rulesOf({ queue, settings }: Call) {
  return { maxPayloadBytes: queue.maxPayloadBytes, schemas: settings.schemas };
}

/** The header stands for the body's own key. */
function withKey(body: Plain, { headers }: Request): Plain {
  const idempotencyKey = headers.get(KEY);
  if (idempotencyKey === null) return body;
  checkedAt(KEY, () => checkOptions({ idempotencyKey }));
  const { idempotencyKey: own = idempotencyKey } = body;
  if (own === idempotencyKey) return { ...body, idempotencyKey };
  throw invalidInput("The header and the body give two idempotency keys: give one", KEY);
}

function readList({ body, settings }: Call): readonly unknown[] {
  checkNames(body, ["jobs"], "");
  const { jobs } = body;
  if (Array.isArray(jobs) && jobs.length >= 1 && jobs.length <= settings.maxJobs) return jobs;
  throw invalidInput(
    `jobs must be a list of 1 to ${settings.maxJobs} jobs: got ` +
      (Array.isArray(jobs) ? jobs.length : typeof jobs),
    "jobs",
  );
}

async function enqueue(
  { queue, request }: Call,
  newJobs: readonly NewJob[],
  pathOf: (path: string) => string | undefined,
): Promise<readonly Enqueued<Job>[]> {
  const trace = readRequestTrace(request, queue.carriesBaggage);
  const jobs = newJobs.map((newJob) => inTrace(newJob, trace));
  try {
    return await queue.enqueueFrom(undefined, trace.span)(jobs);
  } catch (error) {
    // What a job alone can get wrong has been refused: this is what they refer to.
    if (error instanceof JobIdTakenError) {
      throw new RequestError("conflict", "The id is taken by another job");
    }
    throw isInputError(error) ? invalidInput(error.message, pathOf(error.path)) : error;
  }
}
