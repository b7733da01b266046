/**
 * Refusals of what a caller gave. They are the built-in classes that callers expect, but of a class of
 * their own, so that an error inside is never taken for one.
 *
 * @module
 */

/** A value of a wrong type or shape. */
export class InputTypeError extends TypeError {
  /** Which part of the input, such as `[2].dependsOn[0]`; empty for all of it. */
  path = "";
}

/** A value out of its range. */
export class InputRangeError extends RangeError {
  /** Which part of the input, such as `[2].dependsOn[0]`; empty for all of it. */
  path = "";
}

/** A job that another one refers to and that is not stored. */
export class UnknownJobError extends InputRangeError {
  /** Its id. */
  readonly jobId: string;

  constructor(message: string, jobId: string) {
    super(message);
    this.jobId = jobId;
  }
}

/** Whether an error is a refusal of input. */
export function isInputError(error: unknown): error is InputTypeError | InputRangeError {
  return error instanceof InputTypeError || error instanceof InputRangeError;
}

/** The same error, for its caller to throw: what it says of a part is said of that part of the whole. */
export function inPart(error: unknown, part: string): unknown {
  if (isInputError(error)) {
    const joint = error.path === "" || error.path.startsWith("[") ? "" : ".";
    error.path = part + joint + error.path;
  }
  return error;
}
