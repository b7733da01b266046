/**
 * Actions on one job: cancel and retry.
 *
 * @module
 */
import { checkJobId } from "../../job/ids.ts";
import { shown } from "../../job/checks.ts";
import type { JobChange } from "../../queue/job_change.ts";
import { checkNames, type JsonObject } from "../input.ts";
import { idInPath } from "../openapi/parameters.ts";
import type { HttpOperation, OperationCall, OperationResult } from "../operation.ts";
import { checkedAt, invalidInput, RequestError } from "../request_error.ts";
import { noSuchJob } from "./lookup.ts";

/** Cancels a job. */
export const cancelJob: HttpOperation = {
  operationId: "cancelJob",
  method: "POST",
  path: "/jobs/{id}/cancel",
  right: "write",
  summary: "Cancel a job that has not ended",
  parameters: [idInPath],
  body: {
    description: "The reason, and whether the job's descendants are cancelled too.",
    schema: "Cancellation",
    example: { reason: "The order was withdrawn", descendants: true },
    required: false,
  },
  answers: {
    200: {
      description:
        "The cancelled job. With `descendants` it can have ended before: then only descendants " +
        "were cancelled.",
      schema: "JobChange",
    },
  },
  errors: ["invalid_input", "not_found", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    checkNames(call.body, ["reason", "descendants"], "");
    const reason = readReason(call.body.reason);
    const descendants = readSwitch(call.body, "descendants");
    if (descendants === true) await call.jobs.checkMayChangeAll();
    return await change(call, (id) => call.queue.cancel(id, { reason, descendants }));
  },
};

/** Retries a job. */
export const retryJob: HttpOperation = {
  operationId: "retryJob",
  method: "POST",
  path: "/jobs/{id}/retry",
  right: "write",
  summary: "Make a failed or cancelled job ready again",
  parameters: [idInPath],
  body: {
    description:
      "Whether dependents that were cancelled because of the job are brought back (`dependents`), " +
      "and whether it runs although a dependency did not complete (`force`).",
    schema: "Retry",
    example: { dependents: true, force: false },
    required: false,
  },
  answers: {
    200: {
      description: "The job: `ready`, or `blocked` while a dependency has not ended.",
      schema: "JobChange",
    },
  },
  errors: ["invalid_input", "not_found", "conflict", "too_large", "unsupported_media_type"],
  run: async (call) => {
    checkNames(call.body, ["dependents", "force"], "");
    const dependents = readSwitch(call.body, "dependents");
    const force = readSwitch(call.body, "force");
    return await change(call, (id) => call.queue.retry(id, { dependents, force }));
  },
};

async function change(
  { id, jobs }: OperationCall,
  apply: (id: string) => Promise<JobChange | undefined>,
): Promise<OperationResult> {
  checkedAt("id", () => checkJobId(id));
  const change = await jobs.mayChange(id) ? await apply(id) : undefined;
  if (change === undefined) throw noSuchJob();
  const shown = await jobs.changed(change);
  const { job: { status }, changed, reason, cancelledDescendants = 0 } = shown;
  if (!changed && cancelledDescendants === 0) {
    throw new RequestError("conflict", reason!, { status });
  }
  return { status: 200, body: shown };
}

const LONGEST_REASON = 1_000;

function readSwitch(body: JsonObject, name: string): boolean | undefined {
  const value = body[name];
  if (value === undefined || typeof value === "boolean") return value;
  throw invalidInput(`${name} must be true or false: got ${shown(value)}`, name);
}

function readReason(reason: unknown): string | undefined {
  if (reason === undefined) return undefined;
  if (typeof reason === "string" && reason.length <= LONGEST_REASON) return reason;
  throw invalidInput(
    `reason must be a string of at most ${LONGEST_REASON} characters: got ${shown(reason)}`,
    "reason",
  );
}
