/**
 * A job queue in which every job is part of a trace. It runs from one source on Bun, Deno, Node and
 * workerd, and this entry imports `@opentelemetry/api` only.
 *
 * `job()` makes a job as plain data. `enqueue` starts its span and stores both in one write. A
 * worker claims the job under a lease and runs its handler in a span of the same trace. The outcome
 * becomes a settlement, which the store records only while the lease holds; then the hooks are
 * called. Until it is removed, a job can be found by its trace id and its correlation id.
 *
 * Types that signatures mention and code seldom names are in `hammerwork/types`; the interface of a
 * store is in `hammerwork/store`.
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
export type { JobOptions } from "./src/job/job_options.ts";
export type { Attempt, Job, JobWithAttempts } from "./src/job/job.ts";
export { hasEnded, type JobStatus, jobStatuses } from "./src/job/status.ts";
export type { Backoff } from "./src/job/backoff.ts";
export { correlationIdFrom, newCorrelationId, newTraceId, readTraceId } from "./src/job/ids.ts";

export { JobQueue, type JobQueueOptions } from "./src/queue/queue.ts";
export type { JobOf, Queues } from "./src/job/queues.ts";
export type { JobFilter, JobPage } from "./src/queue/find.ts";
export type { JobNode, JobTree } from "./src/queue/job_tree.ts";
export { type Timeline, timeline, type TimelineRow } from "./src/queue/timeline.ts";
export type { Stats } from "./src/queue/stats.ts";
export { memory } from "./src/store/memory.ts";
export type { Store } from "./src/store/store.ts";

export type { Handler, JobContext } from "./src/worker/handler.ts";
export { type Worker, WorkerPool } from "./src/worker/worker.ts";
export type { WorkerOptions } from "./src/worker/options.ts";
export type { WorkResult } from "./src/worker/recorder.ts";
export type { Hooks } from "./src/worker/hooks.ts";
export type { JobLifecycleEvent } from "./src/worker/events.ts";
export {
  JobCancelledError,
  JobIdTakenError,
  JobTimeoutError,
  LeaseLostError,
  NonRetryableError,
  RetryAfterError,
  StoreTimeoutError,
  StoreUnavailableError,
  WorkerStoppedError,
} from "./src/job/errors.ts";

export { createJobSpan } from "./src/trace/job_span.ts";
export { logFields } from "./src/trace/log_fields.ts";
export { observeQueueDepth } from "./src/metrics/queue_depth.ts";
