/**
 * One step of a store: all that one call does, at one time. It gathers which jobs ended, so that their
 * dependents and traces follow, and what workers are to be notified of.
 *
 * @module
 */
import { type AttemptOutcome, consequenceOf, noneInARow } from "../../job/outcomes.ts";
import type { AttemptRecord, JobError, Operation, Operator } from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import { dependencyFailed } from "../rules.ts";
import type { FailedDependency, Notice } from "../store.ts";
import type { JobChanges, JobRow, JobTable } from "./job_table.ts";

/** How a job ends, and what else changes then. */
interface Ending extends JobChanges {
  readonly status: "completed" | "failed" | "cancelled";
  readonly finishedAt: number;
  readonly releases: 0;
  readonly snoozes: 0;
}

/** Where a job waits that is not blocked. */
interface Wait extends JobChanges {
  readonly status: "ready" | "scheduled" | "retrying";
}

/** How jobs ended that did not complete, by their ids. */
type FailedJobs = Map<string, FailedDependency["status"]>;

/** The jobs, the time, and what has happened so far. */
export class Step<Row extends JobRow = JobRow> {
  readonly jobs: JobTable<Row>;
  /** The store's time, in ms since 1970. */
  readonly now: number;
  /** Queues in which a job may be claimed now or later. */
  readonly readyQueues: Set<string> = new Set();
  /** Jobs that were cancelled while they ran. */
  readonly cancelledIds: string[] = [];
  /** Of a queue that was paused, or whose pause was ended. */
  readonly notices: Notice[] = [];
  // In the order in which they ended.
  readonly #ended: Row[] = [];
  // Of so many of them the dependents have been looked at; these of the others did not complete.
  #followed = 0;
  #failed: FailedJobs = new Map();

  constructor(jobs: JobTable<Row>, now: number) {
    this.jobs = jobs;
    this.now = now;
  }

  /** Puts a job where it waits: to be claimed, or for its time. */
  wait(row: Row, changes: Wait): void {
    this.jobs.update(row, changes);
    // A worker must also learn of a job that is due before it would ask again.
    this.readyQueues.add(row.queueName);
  }

  /** Ends a job. Its dependents follow with {@linkcode followEnds}. */
  end(row: Row, changes: Ending): void {
    // Only a blocked job waits for others.
    if (row.status === "blocked") this.jobs.waitFor(row.id, []);
    this.jobs.update(row, changes);
    this.ended(row, changes.status);
  }

  /** Notes that a job has ended. */
  ended(row: Row, status: Ending["status"]): void {
    this.#ended.push(row);
    if (status !== "completed") this.#failed.set(row.id, status);
  }

  /** Keeps an attempt of a running job that did not complete it. */
  addAttempt(
    row: Row,
    attempt: Pick<AttemptRecord, "outcome" | "error" | "traceparent"> & { startedAt?: number },
  ): void {
    const { startedAt = row.startedAt ?? this.now, outcome, error, traceparent } = attempt;
    this.jobs.addAttempt(row, {
      jobId: row.id,
      attempt: row.attempts,
      outcome,
      startedAt,
      finishedAt: this.now,
      error,
      traceparent,
    });
  }

  /** Frees, or cancels, those that waited for the jobs that ended, level by level. */
  followEnds(): void {
    while (this.#followed < this.#ended.length) {
      const ended = this.#followed === 0 ? this.#ended : this.#ended.slice(this.#followed);
      const failed = this.#failed;
      this.#followed = this.#ended.length;
      this.#failed = new Map();
      const dependents = this.jobs.takeDependents(ended, failed.size === 0);
      for (const { row, waits } of dependents) this.#dependencyEnded(row, waits, failed);
    }
  }

  /** Of a blocked job some dependencies have just ended; of these, some may have failed. */
  #dependencyEnded(row: Row, waits: boolean, failed: FailedJobs): void {
    const cause = failed.size > 0 && row.onDependencyFailure === "cancel"
      ? row.dependsOn.find((id) => failed.has(id))
      : undefined;
    if (cause !== undefined) {
      const error = dependencyFailed({ dependencyId: cause, status: failed.get(cause)! });
      this.end(row, { ...noneInARow, status: "cancelled", finishedAt: this.now, error });
    } else if (!waits) {
      const runAt = Math.max(row.runAt, this.now);
      this.wait(row, { status: runAt <= this.now ? "ready" : "scheduled", runAt });
    }
  }

  /** Ends the step: the traces of which the last job ended have ended too. */
  finish(): void {
    this.followEnds();
    if (this.#ended.length > 0) this.jobs.traceEnds?.record(this.#ended, this.now);
  }
}

/** What an operator does to a job, if the caller said that one does. */
export function operationOf(
  { now }: Step,
  name: Operation["name"],
  operator: Operator | undefined,
): JobChanges {
  return operator === undefined ? {} : {
    // Shared by copies of the record.
    operation: Object.freeze({ name, at: now, ...operator }),
  };
}

/** What becomes of a job's number of attempts when one ends: without a charge it does not count. */
export function chargeOf(
  { attempts }: Pick<JobRow, "attempts">,
  outcome: AttemptOutcome,
  status: JobStatus,
): JobChanges {
  return consequenceOf(outcome, status).isCharged ? {} : { attempts: attempts - 1 };
}

/** An attempt that was not settled: its span is not known, and an older one's would mislead. */
export function loseAttempt<Row extends JobRow>(
  step: Step<Row>,
  row: Row,
  outcome: "cancelled" | "lease_expired",
  error: JobError,
): JobChanges {
  step.addAttempt(row, { outcome, error });
  return { attemptTraceparent: null };
}
