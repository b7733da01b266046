/**
 * What a router refused, or that it could not be asked.
 *
 * @module
 */

/** A call of a `JobClient` that did not succeed. */
export class JobClientError extends Error {
  override name = "JobClientError";
  /** What kind of failure it is, as the router says: `invalid_input`, `not_found`, `unavailable` … */
  readonly code: string;
  /** The HTTP status; `undefined` when no answer came. */
  readonly status: number | undefined;
  /** What of the input is wrong, such as `jobs[2].priority`. */
  readonly path: string | undefined;

  constructor(
    message: string,
    { code, status, path, cause }: {
      readonly code: string;
      readonly status?: number | undefined;
      readonly path?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.path = path;
  }
}
