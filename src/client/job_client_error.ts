/**
 * What a router refused, or that it could not be asked.
 *
 * @module
 */

/** A call of a `JobClient` that did not succeed. */
export class JobClientError extends Error {
  override name = "JobClientError";
  /**
   * What kind of failure it is. The router says `invalid_input`, `not_found`, `unavailable` …;
   * `unexpected_answer` is one that no router gives, as when `url` is not where one is mounted.
   */
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

/** The failure of a call that was answered by something else than a router. */
export function unexpectedAnswer(what: string, status?: number): JobClientError {
  const message = `The answer is not a job router's: ${what}. Is url where it is mounted?`;
  return new JobClientError(message, { code: "unexpected_answer", status });
}
