/**
 * The types that the signatures of `hammerwork` mention and code seldom names. Types only: nothing
 * of this entry is there at run time.
 *
 * ```ts
 * import type { AnyNewJob } from "hammerwork/types";
 * import { job, JobQueue, memory } from "hammerwork";
 *
 * interface Shop {
 *   email_queue: { to: string };
 *   payment_queue: { amount: number };
 * }
 *
 * function order(amount: number, to: string): readonly AnyNewJob<Shop>[] {
 *   const payment = job("payment_queue", { amount });
 *   return [payment, job("email_queue", { to }, { dependsOn: [payment] })];
 * }
 *
 * await new JobQueue<Shop>({ store: memory() }).enqueue(order(5, "a@example.com"));
 * ```
 *
 * @module
 */
export type { JobOperation, JobSummary, JobWith } from "./job/job.ts";
export type { DependencyFailurePolicy, JobError, JobPart, Propagation } from "./job/record.ts";
export type { JobReference, NewJobOptions } from "./job/job_options.ts";
export type { BackoffFunction } from "./job/backoff.ts";
export type { AttemptOutcome } from "./job/outcomes.ts";
export type { RetryAfterOptions } from "./job/errors.ts";
export type {
  AnyNewJob,
  Enqueue,
  EnqueuedJob,
  InTransaction,
  PayloadOf,
  QueueName,
  ResultOf,
} from "./job/queues.ts";

export type { CancelOptions, JobChange, RetryOptions } from "./queue/job_change.ts";
export type { OutcomeRetentionOptions, RetentionOptions } from "./queue/retention.ts";
export type { OutcomeRetention, Retention } from "./store/store.ts";
export type { QueuePause, QueueStats, StatsOptions } from "./queue/stats.ts";
export type { VacuumBlocker } from "./store/health.ts";
export type { TimelineMark, TimelineMarkType, TimelineRun } from "./queue/timeline.ts";
export type { MemoryOptions } from "./store/memory.ts";

export type {
  Runner,
  RunOptions,
  StopOptions,
  TickOptions,
  WorkerPoolOptions,
} from "./worker/worker.ts";
export type { Hook } from "./worker/hooks.ts";
export type {
  AttemptEndEvent,
  AttemptEvent,
  AttemptFailureEvent,
  EventType,
  JobEventOf,
  TraceCompleteEvent,
} from "./worker/events.ts";

export type { TracedJob } from "./trace/job_span.ts";
export type { StoredTraceContext } from "./trace/relation.ts";
export type { SpanAttributes, SpanJob, SpanRuleOptions } from "./trace/rules.ts";
export type { LogFields } from "./trace/log_fields.ts";
export type { QueueDepthOptions } from "./metrics/queue_depth.ts";
