/**
 * Errors of requests. Each is answered in the same JSON form: a code, a message and, for invalid input,
 * its path.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { inPart, isInputError } from "../job/checks.ts";
import type { JobStatus } from "../job/status.ts";

/** The HTTP status of each error code. */
export const statusOfCode = {
  invalid_input: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  no_such_path: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  internal: 500,
  unavailable: 503,
} as const;

/** The code of an error. */
export type ErrorCode = keyof typeof statusOfCode;

/** What an error has besides its code and its message. */
export interface ErrorDetails {
  /** The path of the invalid input, such as `jobs[2].priority`, or the name of a parameter or a header. */
  readonly path?: string | undefined;
  /** With `conflict`: the status of the job. */
  readonly status?: JobStatus | undefined;
}

/** An error whose message the caller may read. */
export class RequestError extends Error {
  override name = "RequestError";
  /** Its code. */
  readonly code: ErrorCode;
  /** More details. */
  readonly details: ErrorDetails;
  /** Headers of the response. */
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    code: ErrorCode,
    message: string,
    details: ErrorDetails = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
    this.code = code;
    this.details = details;
    this.headers = headers;
  }
}

/** An error about invalid input. */
export function invalidInput(message: string, path?: string): RequestError {
  return new RequestError("invalid_input", message, { path });
}

/** Runs a check of the library; its refusal gets this path, unless it is empty. */
export function checkedAt<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw isInputError(error) ? invalidInput(error.message, path || undefined) : error;
  }
}

/** As `checkedAt`, for a check of an object: the path continues with the path of what was refused. */
export function checkedIn<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (!isInputError(error)) throw error;
    if (path !== "") inPart(error, path);
    throw invalidInput(error.message, error.path || undefined);
  }
}

/** Any error as one that the caller may read. An internal error reveals nothing. */
export function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof StoreUnavailableError) {
    // The rest of a store's message may name what a caller must not know.
    const effect = error.mayHaveChanged ? "a change may have been made" : "nothing was changed";
    const message = `The store is unavailable; ${effect}`;
    return new RequestError("unavailable", message, {}, { "retry-after": "1" });
  }
  return new RequestError("internal", "Internal error; it has been reported");
}
