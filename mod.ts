/**
 * A minimal job queue in which every job is part of a trace. It runs from one source on Bun, Deno,
 * Node and workerd.
 *
 * The way of a job: `job()` is plain data; `enqueue` starts its send span and stores it, trace
 * and all, in one write; a worker's turn claims it under a lease and runs its handler inside a span
 * of the same trace; the outcome becomes a settlement by a pure function and is recorded, fenced by
 * the lease; then the hooks are told. By its trace id and its correlation id it can be found as long
 * as it is kept.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue<{ email_queue: { to: string } }>({ store: memory() });
 * const worker = queue.worker("email_queue", (job) => `sent to ${job.payload.to}`);
 * await queue.enqueue("email_queue", { to: "a@example.com" }, { correlationId: "order-12345" });
 * await worker.tick();
 * const { jobs } = await queue.find({ correlationId: "order-12345" });
 * assert.equal(jobs[0]?.result, "sent to a@example.com");
 * ```
 *
 * @module
 */
export { job, type NewJob } from "./src/job/new_job.ts";
export type { JobOptions, JobReference, NewJobOptions } from "./src/job/job_options.ts";
export type { Attempt, Job, JobSummary, JobWith, JobWithAttempts } from "./src/job/job.ts";
export type { JobPart } from "./src/job/parts.ts";
export { correlationIdFrom, newCorrelationId, newTraceId, readTraceId } from "./src/job/ids.ts";
export { hasEnded, type JobStatus, jobStatuses, transitions } from "./src/job/status.ts";
export type { AttemptOutcome } from "./src/job/outcomes.ts";
export { type Backoff, type BackoffFunction, defaultBackoff } from "./src/job/backoff.ts";

export { JobQueue, type JobQueueOptions } from "./src/queue/queue.ts";
export type {
  AnyJob,
  AnyNewJob,
  Enqueue,
  Enqueued,
  InTransaction,
  JobOf,
  PayloadOf,
  QueueName,
  Queues,
  ResultOf,
} from "./src/job/queues.ts";
export type { JobNode, JobTree } from "./src/queue/job_tree.ts";
export {
  type Timeline,
  timeline,
  type TimelineMark,
  type TimelineMarkType,
  type TimelineRow,
  type TimelineRun,
} from "./src/queue/timeline.ts";
export type { JobFilter, JobPage } from "./src/queue/lookup.ts";
export type { CancelOptions, JobChange } from "./src/queue/job_change.ts";
export type { QueueStats, Stats, StatsOptions } from "./src/queue/stats.ts";

export { memory, type MemoryOptions } from "./src/store/memory.ts";
export type { Health, QueueDepth, VacuumBlocker } from "./src/store/health.ts";
export type {
  AttemptRecord,
  AttemptRecords,
  DependencyFailurePolicy,
  JobError,
  JobInput,
  JobRecord,
  Propagation,
} from "./src/job/record.ts";
export type {
  Added,
  AddOptions,
  CancelRecordOptions,
  Change,
  ChangedRecord,
  Claim,
  ClaimedJob,
  CountRecordsOptions,
  ExtendOptions,
  FailedDependency,
  GetOptions,
  Hindrance,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  QueueCount,
  RecordFilter,
  RetryOptions,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
  Store,
  StoreHints,
  TraceEnd,
  TraceEndClaim,
  TraceEnds,
  UnfinishedQuery,
} from "./src/store/store.ts";

export {
  Runner,
  type RunOptions,
  type StopOptions,
  type TickOptions,
  Worker,
  WorkerPool,
  type WorkerPoolOptions,
} from "./src/worker/worker.ts";
export type { WorkResult } from "./src/worker/recorder.ts";
export type { Handler, JobContext } from "./src/worker/handler.ts";
export type { WorkerOptions, WorkerSettings, WorkSource } from "./src/worker/options.ts";
export type { Hook, Hooks } from "./src/worker/hooks.ts";
export type {
  EventType,
  JobEventOf,
  JobLifecycleEvent,
  TraceCompleteEvent,
} from "./src/worker/events.ts";
export {
  JobCancelledError,
  JobIdTakenError,
  JobTimeoutError,
  LeaseLostError,
  NonRetryableError,
  StoreTimeoutError,
  StoreUnavailableError,
  WorkerStoppedError,
} from "./src/job/errors.ts";

export { createJobSpan, type TracedJob } from "./src/trace/job_span.ts";
export {
  defaultSpanRules,
  type SpanAttributes,
  type SpanJob,
  type SpanRuleOptions,
  type SpanRules,
} from "./src/trace/rules.ts";
export type { StoredTraceContext } from "./src/trace/relation.ts";
export type { JobScope } from "./src/trace/scope.ts";
export { type LogFields, logFields } from "./src/trace/log_fields.ts";
export { observeQueueDepth, type QueueDepthOptions } from "./src/metrics/queue_depth.ts";
