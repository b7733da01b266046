/**
 * What a router shows of the values in a job: all of them, or what the `redact` option makes of each.
 *
 * @module
 */
import type { Attempt, JobSummary } from "../job/job.ts";
import type { JobError } from "../job/record.ts";

/**
 * What a value is of a job: `message` and `stack` are those of its error, or of an attempt's; the
 * reason that an operator gave is a `message` too.
 */
export type RedactedField = "payload" | "result" | "message" | "stack";

/**
 * Returns what is shown instead of a value. It is called with a copy, for every payload, result,
 * error message and stack trace in a response, and may return any JSON value, or the value itself.
 * When it throws, or returns what is not JSON, `(redacted)` is shown.
 */
export type Redact = (
  value: unknown,
  of: {
    /** The job. */
    readonly job: JobSummary;
    /** What the value is of the job. */
    readonly field: RedactedField;
  },
) => unknown;

/** A job with the parts that a response can contain. */
type ShownJob = JobSummary & {
  readonly payload?: unknown;
  readonly result?: unknown;
  readonly attemptHistory?: readonly Attempt[];
};

/** The settings that decide what is shown. */
export interface RedactionSettings {
  /** `undefined` when all is shown. */
  readonly redact: Redact | undefined;
  /** Called with what `redact` throws. */
  readonly onError: (error: unknown) => void;
}

const REDACTED = "(redacted)";

/** A job as a response shows it. */
export function redactedJob<AJob extends ShownJob>(
  job: AJob,
  { redact, onError }: RedactionSettings,
): AJob {
  if (redact === undefined) return job;
  const shown = (value: unknown, field: RedactedField): unknown => {
    try {
      return toJsonValue(redact(value, { job, field }));
    } catch (error) {
      reportQuietly(error, onError);
      return REDACTED;
    }
  };
  const text = (value: string, field: RedactedField): string => {
    const instead = shown(value, field);
    return typeof instead === "string" ? instead : JSON.stringify(instead);
  };
  const shownError = ({ message, stack, ...error }: JobError): JobError => ({
    ...error,
    message: text(message, "message"),
    ...stack !== undefined && { stack: text(stack, "stack") },
  });
  const { payload, result, error, operation, attemptHistory } = job;
  return {
    ...job,
    ...payload !== undefined && { payload: shown(payload, "payload") },
    ...result !== undefined && { result: shown(result, "result") },
    ...error && { error: shownError(error) },
    ...operation?.reason !== undefined && {
      operation: { ...operation, reason: text(operation.reason, "message") },
    },
    ...attemptHistory && {
      attemptHistory: attemptHistory.map((attempt) => ({
        ...attempt,
        error: attempt.error && shownError(attempt.error),
      })),
    },
  };
}

/** As it will be read. What has no JSON, such as nothing at all, is shown as redacted. */
function toJsonValue(value: unknown): unknown {
  const text = JSON.stringify(value) as string | undefined;
  return text === undefined || value instanceof Promise ? REDACTED : JSON.parse(text);
}

function reportQuietly(error: unknown, onError: (error: unknown) => void): void {
  try {
    onError(error);
  } catch {
    // The job is shown all the same.
  }
}
