/**
 * What a caller changes of a job that is stored, and what came of it.
 *
 * @module
 */
import { checkOptionNames, InputTypeError, shown } from "../job/checks.ts";
import { toCancellation } from "../job/errors.ts";
import type { Job } from "../job/job.ts";
import { canBeRetried } from "../job/status.ts";
import { mostAttempts } from "../job/job_options.ts";
import { toJob } from "../job/from_record.ts";
import { endedAs } from "../store/rules.ts";
import type {
  CancelRecordOptions,
  ChangedRecord,
  Hindrance,
  RetryOptions,
} from "../store/store.ts";

/** What became of a job that was to be cancelled or retried. */
export interface JobChange {
  /** The job as it is stored then. */
  readonly job: Job;
  /** Whether the call changed it. */
  readonly changed: boolean;
  /** Why it was not changed: a sentence without a full stop. */
  readonly reason: string | undefined;
  /** When its descendants were to be cancelled too: how many of them were. */
  readonly cancelledDescendants?: number | undefined;
}

/** How a job is cancelled. */
export interface CancelOptions {
  /** Why; it is kept as the job's error. Default: "Cancelled by a caller". */
  readonly reason?: string | undefined;
  /**
   * Whether the jobs that are parts of it are cancelled too, whether it has ended or not: its children,
   * theirs, and those of dependents that were cancelled because of one of them. Default false.
   */
  readonly descendants?: boolean | undefined;
}

/** The checked options of a retry. */
export function readRetryOptions(options: RetryOptions): RetryOptions {
  checkOptionNames("A retry", options, { dependents: true, force: true });
  for (const [name, value] of Object.entries(options)) checkSwitch(name, value);
  return options;
}

/** A caller's reason as it is kept with the job, and what is cancelled with it. */
export function readCancelOptions(options: CancelOptions): CancelRecordOptions {
  checkOptionNames("A cancellation", options, { reason: true, descendants: true });
  const { reason = "Cancelled by a caller", descendants } = options;
  checkSwitch("descendants", descendants);
  return { error: toCancellation(reason), descendants };
}

function checkSwitch(name: string, value: unknown): void {
  if (value === undefined || typeof value === "boolean") return;
  throw new InputTypeError(`${name} must be true or false: got ${shown(value)}`);
}

/** What `cancel` answers. */
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

/** What `retry` answers. */
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
