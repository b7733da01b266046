/**
 * Steering: jobs cancelled and retried.
 *
 * @module
 */
import { checkJobId, shown } from "../../job/ids.ts";
import type { Job } from "../../job/job.ts";
import { canBeRetried, hasEnded, type JobStatus } from "../../job/status.ts";
import { checkNames } from "../body.ts";
import { idInPath } from "../openapi/parameters.ts";
import type { Call, Operation } from "../operation.ts";
import { checkedAt, invalidInput, RequestError } from "../request_error.ts";
import { noSuchJob } from "./find.ts";

/** Cancels a job. */
export const cancelJob: Operation = {
  operationId: "cancelJob",
  method: "POST",
  path: "/jobs/{id}/cancel",
  right: "write",
  summary: "Cancel a job that has not ended",
  parameters: [idInPath],
  body: {
    description: "Why.",
    schema: "Cancellation",
    example: { reason: "The order was withdrawn" },
    required: false,
  },
  answers: { 200: { description: "The cancelled job.", schema: "Job" } },
  errors: ["invalid_input", "not_found", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    checkNames(call.body, ["reason"], "");
    const reason = readReason(call.body.reason);
    const { id, status } = await storedJob(call);
    const before = `Only a job that has not ended can be cancelled`;
    if (hasEnded(status)) throw conflict(before, status);
    const job = present(await call.queue.cancel(id, reason));
    // It may have ended in the moment between.
    if (job.status !== "cancelled") throw conflict(before, job.status);
    return { status: 200, body: job };
  },
};

/** Retries a job. */
export const retryJob: Operation = {
  operationId: "retryJob",
  method: "POST",
  path: "/jobs/{id}/retry",
  right: "write",
  summary: "Make a failed or cancelled job ready again",
  parameters: [idInPath],
  body: { description: "Nothing.", schema: "Nothing", example: {}, required: false },
  answers: { 200: { description: "The job, ready again.", schema: "Job" } },
  errors: ["invalid_input", "not_found", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    checkNames(call.body, [], "");
    const { id, status } = await storedJob(call);
    if (!canBeRetried(status)) {
      throw conflict("Only a failed or cancelled job can be retried", status);
    }
    const job = present(await call.queue.retry(id));
    if (canBeRetried(job.status)) {
      throw conflict("A job that it depends on has not ended", job.status);
    }
    return { status: 200, body: job };
  },
};

async function storedJob({ queue, id }: Call): Promise<Job> {
  return present(await queue.get(checkedAt("id", () => checkJobId(id))));
}

function present(job: Job | undefined): Job {
  if (job === undefined) throw noSuchJob();
  return job;
}

const LONGEST_REASON = 1_000;

function readReason(reason: unknown): string | undefined {
  if (reason === undefined) return undefined;
  if (typeof reason === "string" && reason.length <= LONGEST_REASON) return reason;
  throw invalidInput(
    `reason must be a string of at most ${LONGEST_REASON} characters: got ${shown(reason)}`,
    "reason",
  );
}

function conflict(message: string, status: JobStatus): RequestError {
  return new RequestError("conflict", `${message}: this one is ${status}`, { status });
}
