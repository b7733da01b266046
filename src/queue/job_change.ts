/**
 * Cancel and retry: the options, checked, and the answers.
 *
 * @module
 */
import { checkInteger, checkOptionNames, InputTypeError, shown } from "../job/checks.ts";
import { toCancellation } from "../job/errors.ts";
import type { Job } from "../job/job.ts";
import { canBeRetried } from "../job/status.ts";
import { mostAttempts } from "../job/job_options.ts";
import { toJob } from "../job/from_record.ts";
import type { Operator } from "../job/record.ts";
import { storable } from "../job/thrown.ts";
import { endedAs } from "../store/rules.ts";
import type {
  CancelRecordOptions,
  ChangedRecord,
  Hindrance,
  RetryRecordOptions,
} from "../store/store.ts";

/** The answer of `cancel` and of `retry`. */
export interface JobChange {
  /** The job after the call. */
  readonly job: Job;
  /** Whether the call changed it. */
  readonly changed: boolean;
  /** Why the call did not change it, as a sentence without a full stop; else `undefined`. */
  readonly reason: string | undefined;
  /** With `descendants`: the number of descendants that were cancelled. */
  readonly cancelledDescendants?: number | undefined;
}

/** Options of a cancellation. */
export interface CancelOptions {
  /** The reason. It becomes the message of the job's error. Default: "Cancelled by a caller". */
  readonly reason?: string | undefined;
  /**
   * Whether its descendants are cancelled too, even if the job itself has ended: its children,
   * their children, and those of dependents that were cancelled because of one of them. Default:
   * false.
   */
  readonly descendants?: boolean | undefined;
  /** Who cancels it, for `job.operation`: at most 200 characters. Default: nothing is recorded. */
  readonly by?: string | undefined;
}

/** Options of a retry. */
export interface RetryOptions {
  /**
   * Whether the dependents that were cancelled because of the job, and their dependents, are
   * blocked again. Default: true.
   */
  readonly dependents?: boolean | undefined;
  /** Whether the job is retried even if a dependency did not complete. Default: false. */
  readonly force?: boolean | undefined;
  /** Who retries it, for `job.operation`: at most 200 characters. Default: nothing is recorded. */
  readonly by?: string | undefined;
}

/** The checked options of a retry. */
export function readRetryOptions(options: RetryOptions): RetryRecordOptions {
  checkOptionNames("A retry", options, { dependents: true, force: true, by: true });
  const { by, dependents, force } = options;
  checkSwitch("dependents", dependents);
  checkSwitch("force", force);
  return { dependents, force, operator: operatorOf(by) };
}

/** The checked options of a cancellation, with the error to store. */
export function readCancelOptions(options: CancelOptions): CancelRecordOptions {
  checkOptionNames("A cancellation", options, { reason: true, descendants: true, by: true });
  const { reason, descendants, by } = options;
  checkSwitch("descendants", descendants);
  const error = toCancellation(reason ?? "Cancelled by a caller");
  return { error, descendants, operator: operatorOf(by, reason) };
}

/** Without a name nothing is recorded: what a program does to its own jobs is no operation. */
function operatorOf(by: string | undefined, reason?: string): Operator | undefined {
  return by === undefined ? undefined : readOperator({ by, reason });
}

/**
 * Checks who changes jobs, and why.
 *
 * @throws {TypeError | RangeError} when one of them is not a string, or too long.
 */
export function readOperator({ by, reason }: Operator): Operator {
  return {
    ...(by !== undefined && { by: shortText("by", by, 200) }),
    // An empty one, as of a form, is none.
    ...(reason !== undefined && reason !== "" && {
      reason: shortText("reason", reason, 10_000),
    }),
  };
}

function shortText(name: string, text: unknown, most: number): string {
  if (typeof text !== "string") {
    throw new InputTypeError(`${name} must be a string: got ${shown(text)}`);
  }
  checkInteger(`The length of ${name}`, text.length, 1, most);
  return storable(text);
}

/** Refuses what is neither true, false nor left out. */
export function checkSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new InputTypeError(`${name} must be true or false: got ${shown(value)}`);
}

/** The answer of `cancel`. */
export function toCancelled(
  { job: record, changed, cancelledDescendants }: ChangedRecord,
): JobChange {
  const job = toJob(record);
  const reason = changed
    ? undefined
    : `Only a job that has not ended can be cancelled: this one is ${job.status}`;
  return {
    job,
    changed,
    reason,
    ...(cancelledDescendants !== undefined && { cancelledDescendants }),
  };
}

/** The answer of `retry`. */
export function toRetried({ job: record, changed, hindrance }: ChangedRecord): JobChange {
  const job = toJob(record);
  return { job, changed, reason: changed ? undefined : notRetried(job, hindrance) };
}

function notRetried({ status }: Job, hindrance: Hindrance | undefined): string {
  if (!canBeRetried(status)) {
    return `Only a failed or cancelled job can be retried: this one is ${status}`;
  }
  if (hindrance === undefined) {
    return `A job can have at most ${mostAttempts} attempts: this one has had them`;
  }
  const { dependencyId } = hindrance;
  return hindrance.status === "removed"
    ? `Its dependency ${dependencyId} is no longer stored, so it is not known whether it completed; ` +
      "force runs the job all the same"
    : `Its dependency ${dependencyId} ${
      endedAs(hindrance.status)
    }; retry that one first, or force ` +
      "runs the job all the same";
}
