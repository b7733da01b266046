/**
 * Every status of a job and every way between two of them. This table is the only place that
 * lists them; the stores follow it and the conformance suite walks it.
 *
 * @module
 */

/** The status of a job. */
export type JobStatus =
  | "scheduled"
  | "blocked"
  | "ready"
  | "running"
  | "retrying"
  | "completed"
  | "failed"
  | "cancelled";

/** For each status (and for a job that is `new`) the statuses it can move to, and when it does. */
export const statusTransitions: Readonly<
  Record<"new" | JobStatus, Readonly<Partial<Record<JobStatus, string>>>>
> = {
  new: {
    ready: "enqueued",
    scheduled: "enqueued for a later time",
    blocked: "enqueued while a dependency had not ended",
    cancelled:
      "enqueued after a dependency had failed or was cancelled, or its parent was cancelled",
  },
  scheduled: {
    ready: "its time came, or a caller rescheduled it",
    cancelled: "a caller cancelled it",
  },
  blocked: {
    ready: "its last dependency ended",
    scheduled: "its last dependency ended before its time came",
    cancelled: "a dependency failed or was cancelled, or a caller cancelled it",
  },
  ready: {
    running: "a worker claimed it",
    scheduled: "a caller rescheduled it",
    cancelled: "a caller cancelled it",
  },
  running: {
    completed: "the handler returned",
    scheduled: "the handler asked to be run again later",
    retrying: "the attempt failed or its lease expired, and another is due after the back-off",
    ready: "its worker released it, or its lease expired before its start was recorded",
    failed: "no attempts were left, or the error said not to retry",
    cancelled: "a caller cancelled it",
  },
  retrying: {
    ready: "its back-off was over, or a caller rescheduled it",
    cancelled: "a caller cancelled it",
  },
  completed: {},
  failed: {
    ready: "a caller retried it",
    blocked: "a caller retried it while a dependency had not ended",
  },
  cancelled: {
    ready: "a caller retried it",
    blocked: "a caller retried it, or what it was cancelled for, while a dependency had not ended",
  },
};

/** Every status, in the order of a job's life. */
export const jobStatuses: readonly JobStatus[] = [
  "scheduled",
  "blocked",
  "ready",
  "running",
  "retrying",
  "completed",
  "failed",
  "cancelled",
];

/** Whether a caller may retry a job with this status: it has ended, and did not complete. */
export function canBeRetried(status: JobStatus): status is "failed" | "cancelled" {
  return status === "failed" || status === "cancelled";
}

/** For each change of many jobs, the statuses of the jobs that it is for. */
export const changeableStatuses: Readonly<
  Record<"cancel" | "retry" | "reschedule" | "delete", readonly JobStatus[]>
> = {
  cancel: ["scheduled", "blocked", "ready", "running", "retrying"],
  retry: ["failed", "cancelled"],
  reschedule: ["scheduled", "blocked", "ready", "retrying"],
  delete: ["completed", "failed", "cancelled"],
};

/** Whether a job with this status has ended: nothing will run it any more. */
export function hasEnded(status: JobStatus): status is "completed" | "failed" | "cancelled" {
  return status === "completed" || status === "failed" || status === "cancelled";
}
