/**
 * A job in memory: its record, and what the store alone knows of it.
 *
 * @module
 */
import { utf8Length } from "../../job/json.ts";
import type { AttemptRecord, DependencyFailurePolicy, JobRecord } from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import type { JobRow } from "../transitions/job_table.ts";
import type { Link } from "./linked_list.ts";

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };

/** A trace, as its jobs know it. */
export interface MemoryTrace {
  /** Its jobs that have not ended. */
  unfinished: number;
  /** All its jobs. */
  jobs: number;
  /** How often it has ended. */
  epoch: number;
  /** Whether it has ended and nothing has revived it. */
  hasEnded: boolean;
}

/** An end of a trace that has not been settled yet. */
export interface PendingTraceEnd {
  /** The job that ended last. All else is read from it, until the end is settled or taken back. */
  readonly last: MemoryRow;
  readonly epoch: number;
  /** From when it can be claimed. */
  dueAt: number;
}

/** A job in memory. */
export class MemoryRow implements JobRow {
  /** As it is handed out, in copies. */
  readonly record: Mutable<JobRecord>;
  /** The size of its payload. */
  readonly payloadBytes: number;
  /** The size of its result, if it has one. */
  resultBytes: number | undefined = undefined;
  /** How many of its dependencies have not ended. */
  pending = 0;
  /** The jobs that wait for its end. */
  dependents: Set<MemoryRow> | undefined = undefined;
  /** The jobs that depend on it and have not ended. */
  liveDependents: Set<MemoryRow> | undefined = undefined;
  /** The jobs that are cancelled because of it. */
  cancelledFor: Set<MemoryRow> | undefined = undefined;
  /** Attempts that did not complete it. */
  history: AttemptRecord[] | undefined = undefined;
  /** The traces, other than its own, that attempts of it ran in. */
  ranIn: Set<string> | undefined = undefined;
  /** Its trace. */
  trace: MemoryTrace;
  /** Its places in the orders in which it can be looked up. */
  readonly links: {
    [Key in "all" | "traceId" | "correlationId" | "parentId"]: Link<MemoryRow> | undefined;
  } = { all: undefined, traceId: undefined, correlationId: undefined, parentId: undefined };
  /** Its place among the jobs of its queue that have ended alike, once it has. */
  endedLink: Link<MemoryRow> | undefined = undefined;
  /** The end of its trace that it brought, until that is settled. */
  traceEnd: Link<PendingTraceEnd> | undefined = undefined;
  /** Whether it is in line to be claimed or for its time, or was and is passed over later. */
  isQueued = false;
  leaseToken: string | undefined = undefined;
  leasedUntil = 0;
  hasBegun = false;
  isSuspect = false;

  constructor(record: JobRecord, trace: MemoryTrace) {
    this.record = record;
    this.payloadBytes = utf8Length(record.payload);
    this.trace = trace;
  }

  get sequence(): number {
    return this.record.sequence;
  }
  get id(): string {
    return this.record.id;
  }
  get queueName(): string {
    return this.record.queueName;
  }
  get status(): JobStatus {
    return this.record.status;
  }
  get attempts(): number {
    return this.record.attempts;
  }
  get releases(): number {
    return this.record.releases;
  }
  get snoozes(): number {
    return this.record.snoozes;
  }
  get maxAttempts(): number {
    return this.record.maxAttempts;
  }
  get backoff(): string | undefined {
    return this.record.backoff;
  }
  get startedAt(): number | undefined {
    return this.record.startedAt;
  }
  get runAt(): number {
    return this.record.runAt;
  }
  get dependsOn(): readonly string[] {
    return this.record.dependsOn;
  }
  get onDependencyFailure(): DependencyFailurePolicy {
    return this.record.onDependencyFailure;
  }
  get traceId(): string {
    return this.record.traceId;
  }
}
