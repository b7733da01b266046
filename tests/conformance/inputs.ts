/** What the tests hand to a store: jobs, outcomes, leases. */
import type { Change, ClaimedJob, JobInput, Lease, Settlement } from "../../src/store.ts";

/** An id for a job. */
export function newJobId(): string {
  return crypto.randomUUID();
}

/** An id for a trace. */
export function newTraceId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** The queue of every test job that names none. */
export const defaultQueue = "orders";

/** A job as a store takes it, of which a test says only what it is about. */
export function jobInput(fields: Partial<JobInput> = {}): JobInput {
  return {
    id: newJobId(),
    queueName: defaultQueue,
    payload: "{}",
    priority: 0,
    maxAttempts: 3,
    dependsOn: [],
    onDependencyFailure: "cancel",
    traceId: newTraceId(),
    ...fields,
  };
}

type ChangeTo<Status extends Change["status"]> = Extract<Change, { readonly status: Status }>;

/** The error of every test attempt that fails. */
export const failure = {
  name: "TypeError",
  message: "The card was declined",
  stack: "at pay (pay.ts:1)",
};

/** The handler returned. */
export const completed: ChangeTo<"completed"> = {
  status: "completed",
  outcome: "completed",
  result: '"paid"',
};
/** The handler threw, and no attempt is left. */
export const failed: ChangeTo<"failed"> = { status: "failed", outcome: "failed", error: failure };
/** The handler threw, and another attempt follows in a second. */
export const retrying: ChangeTo<"retrying"> = {
  status: "retrying",
  outcome: "failed",
  error: failure,
  delayMs: 1_000,
};
/** The handler asked to be run again in two seconds. */
export const snoozed: ChangeTo<"scheduled"> = {
  status: "scheduled",
  outcome: "snoozed",
  delayMs: 2_000,
};
/** The worker stopped while the handler ran. */
export const released: ChangeTo<"ready"> = { status: "ready", outcome: "released", started: true };
/** The worker stopped before the handler began. */
export const neverStarted: ChangeTo<"ready"> = {
  status: "ready",
  outcome: "released",
  started: false,
};
/** Why a caller cancels. */
export const reason = { name: "JobCancelledError", message: "The customer changed their mind" };

/** Who holds, or once held, a lease on a job. */
export type Holder = Pick<ClaimedJob, "id" | "leaseToken">;

/** The lease of a claimed job. */
export function leaseOf({ id, leaseToken }: Holder): Lease {
  return { jobId: id, leaseToken };
}

/** One outcome of a claimed job. */
export function settlement(
  job: Holder,
  change: Change,
  more: Partial<Settlement> = {},
): Settlement {
  return { ...leaseOf(job), change, runMs: 5, ...more };
}
