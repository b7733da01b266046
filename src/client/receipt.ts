/**
 * Types only: what a router tells of a job that was enqueued through it.
 *
 * @module
 */
import type { Job, JobWith } from "../job/job.ts";
import type { JobOptions } from "../job/job_options.ts";
import type { NewJob } from "../job/new_job.ts";
import type { AnyNewJob, Enqueued, JobOf, PayloadOf, QueueName, Queues } from "../job/queues.ts";

/**
 * An enqueued job: all of it for who may read its queue; for who may only enqueue its id, whether it was
 * stored before, and of its trace and its business process what the call said itself.
 */
export type Receipt<AJob extends Job> =
  & Pick<Enqueued<AJob>, "id" | "deduplicated">
  & Partial<AJob>;

/** One of several enqueued jobs: as `Receipt`, but of its payload and its result only the sizes. */
export type ListedReceipt<AJob extends Job> =
  & Pick<Enqueued<AJob>, "id" | "deduplicated">
  & Partial<JobWith<AJob, never>>;

/** The ways to enqueue through a router. */
export interface EnqueueByRouter<Q extends Queues> {
  /** Enqueues one job. */
  <Name extends QueueName<Q>>(
    queueName: Name,
    payload: PayloadOf<Q, Name>,
    options?: JobOptions,
  ): Promise<Receipt<JobOf<Q, Name>>>;
  /** Enqueues a job made by `job()`. */
  <Name extends QueueName<Q>>(
    newJob: NewJob<Name, PayloadOf<Q, Name>>,
  ): Promise<Receipt<JobOf<Q, Name>>>;
  /** Enqueues all of them or none. */
  (newJobs: readonly AnyNewJob<Q>[]): Promise<readonly ListedReceipt<JobOf<Q>>[]>;
}
