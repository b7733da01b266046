/**
 * What is wrong with a request, and how every error is answered: one JSON shape with a code, a
 * sentence and, for input, the path of what is wrong.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { isInputError } from "../job/input_error.ts";
import type { JobStatus } from "../job/status.ts";

/** The status of each error code. */
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

/** What kind of error it is. */
export type ErrorCode = keyof typeof statusOfCode;

/** What an error says beside its code and its sentence. */
export interface ErrorDetails {
  /** Where in the input, such as `jobs[2].priority`; a query's or a header's own name. */
  readonly path?: string | undefined;
  /** With `conflict`: where the job stands. */
  readonly status?: JobStatus | undefined;
}

/** A request that cannot be served, for a reason that its sender may know. */
export class RequestError extends Error {
  override name = "RequestError";
  /** What kind of error it is. */
  readonly code: ErrorCode;
  /** What it says beside its code and its sentence. */
  readonly details: ErrorDetails;
  /** Headers of the answer. */
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

/** A refusal of input. */
export function invalidInput(message: string, path?: string): RequestError {
  return new RequestError("invalid_input", message, { path });
}

/** Calls a check of the library's; what it refuses is refused with its path in the request. */
export function checkedAt<T>(path: string, check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw isInputError(error) ? invalidInput(error.message, path) : error;
  }
}

/** Any error as one that its sender may read. Of an internal one nothing is told. */
export function toRequestError(error: unknown): RequestError {
  if (error instanceof RequestError) return error;
  if (error instanceof StoreUnavailableError) {
    const message = "The store cannot serve this now; nothing was changed";
    return new RequestError("unavailable", message, {}, { "retry-after": "1" });
  }
  return new RequestError("internal", "Something went wrong here; it was reported");
}
