/**
 * The jobs that a request may read, as they are shown. Jobs of other queues are left out everywhere: of
 * lists, trees and counts, and of the ids that a job refers to.
 *
 * @module
 */
import type { Attempt, Job, JobSummary, JobWithAttempts } from "../job/job.ts";
import type { JobError } from "../job/record.ts";
import type { JobChange } from "../queue/job_change.ts";
import { type JobTree, jobTree } from "../queue/job_tree.ts";
import { findWithAttempts, type JobFilter, type JobPage } from "../queue/find.ts";
import type { JobQueue } from "../queue/queue.ts";
import type { Stats, StatsOptions } from "../queue/stats.ts";
import type { QueueDepth } from "../store/health.ts";
import { EventLoopYield } from "../worker/sleep.ts";
import { redactedJob, type RedactionSettings } from "./redaction.ts";
import { RequestError } from "./request_error.ts";
import type { Rights } from "./rights.ts";

/** A queue's jobs as one request may read them. */
export class AllowedJobs {
  readonly #queue: JobQueue;
  readonly #rights: Rights;
  readonly #settings: RedactionSettings;

  constructor(queue: JobQueue, rights: Rights, settings: RedactionSettings) {
    this.#queue = queue;
    this.#rights = rights;
    this.#settings = settings;
  }

  /** As `JobQueue.get`. */
  async get(id: string): Promise<JobWithAttempts<Job> | undefined> {
    const job = await this.#queue.get(id);
    if (job === undefined || !await this.#rights.may("read", job.queueName)) return undefined;
    return await this.redacted(job);
  }

  /** As `JobQueue.find`. */
  find(filter: JobFilter): Promise<JobPage<JobSummary>> {
    return this.#pageOf(filter, (allowed) => this.#queue.find(allowed));
  }

  /** As `find`, each job with its attempts. */
  findWithAttempts(filter: JobFilter): Promise<JobPage<JobWithAttempts<JobSummary>>> {
    return this.#pageOf(filter, (allowed) => findWithAttempts(this.#queue.store, allowed));
  }

  /** As `JobQueue.tree`. */
  async tree(filter: JobFilter): Promise<JobTree> {
    return jobTree(await this.findWithAttempts(filter));
  }

  /** As `JobQueue.stats`. What blocks vacuum is shown to those only who may read every queue. */
  async stats(options: StatsOptions = {}): Promise<Stats> {
    const stats = await this.#queue.stats(options);
    const queues = await this.#inReadable(stats.queues);
    return await this.#rights.queuesWith("read") === undefined ? { ...stats, queues } : { queues };
  }

  /** The depth of each queue that the request may read. */
  async depths(): Promise<readonly QueueDepth[]> {
    return await this.#inReadable((await this.#queue.store.health()).queues);
  }

  /**
   * Refuses to change a job that the request may read, but not write.
   *
   * @returns Whether there is a job with this id that the request may read.
   */
  async mayChange(id: string): Promise<boolean> {
    if (this.#rights.isPublic("write")) return true;
    const { jobs: [job] } = await this.#queue.store.find({ ids: [id], limit: 1, include: [] });
    if (job === undefined || !await this.#rights.may("read", job.queueName)) return false;
    if (await this.#rights.may("write", job.queueName)) return true;
    throw new RequestError("forbidden", `This needs the right to write in ${job.queueName}`);
  }

  /**
   * Refuses a change of descendants without the right to write in all queues: which queues they are in
   * is not known before.
   */
  async checkMayChangeAll(): Promise<void> {
    if (this.#rights.isPublic("write")) return;
    const queueNames = await this.#rights.queuesWith("write") === undefined
      ? (await this.#queue.store.counts()).map(({ queueName }) => queueName)
      : undefined;
    for (const queueName of new Set(queueNames ?? [])) {
      if (!await this.#rights.may("write", queueName)) throw needsAll();
    }
    if (queueNames === undefined) throw needsAll();
  }

  /** The result of a change, without the ids of jobs that the request may not read. */
  async changed({ job, reason, ...change }: JobChange): Promise<JobChange> {
    const shown = await this.redacted(job);
    const hidden = idsIn(job).filter((id) => !idsIn(shown).includes(id));
    return { ...change, job: shown, reason: reason && without(hidden, reason) };
  }

  /** A job as it is shown, without the ids of jobs that the request may not read. */
  async redacted<AJob extends JobSummary>(job: AJob): Promise<AJob> {
    return (await this.#allRedacted([job]))[0]!;
  }

  /** Which of these are ids of stored jobs that the request may read. */
  async readable(ids: readonly string[]): Promise<ReadonlySet<string>> {
    const readable = new Set<string>();
    for (let from = 0; from < ids.length; from += AT_ONCE) {
      const some = ids.slice(from, from + AT_ONCE);
      const { jobs } = await this.#queue.store.find({ ids: some, limit: AT_ONCE, include: [] });
      for (const { id, queueName } of jobs) {
        if (await this.#rights.may("read", queueName)) readable.add(id);
      }
    }
    return readable;
  }

  /** A page of allowed jobs. It has at least one, if there is any. */
  async #pageOf<AJob extends JobSummary>(
    filter: JobFilter,
    read: (filter: JobFilter) => Promise<JobPage<AJob>>,
  ): Promise<JobPage<AJob>> {
    if (this.#rights.isPublic("read")) {
      const page = await read(filter);
      return { ...page, jobs: await this.#allRedacted(page.jobs) };
    }
    const allowed = await this.#allowedOf(filter);
    if (allowed === undefined) return { jobs: [], nextCursor: undefined };
    const eventLoop = new EventLoopYield();
    for (let { cursor } = allowed;;) {
      const page = await read({ ...allowed, cursor });
      const jobs = await this.#inReadable(page.jobs);
      if (jobs.length > 0 || page.nextCursor === undefined) {
        return { ...page, jobs: await this.#allRedacted(jobs) };
      }
      cursor = page.nextCursor;
      await eventLoop.yieldIfDue();
    }
  }

  /** The filter for those of the queues that may be read; `undefined` where nothing can be found. */
  async #allowedOf(filter: JobFilter): Promise<JobFilter | undefined> {
    const { parent } = filter;
    const parentId = typeof parent === "object" ? parent.id : parent;
    if (parentId !== undefined && !(await this.readable([parentId])).has(parentId)) {
      return undefined;
    }
    const only = await this.#rights.queuesWith("read");
    const named = filter.queueName === undefined ? only : [filter.queueName].flat();
    if (named === undefined) return filter;
    const queueName: string[] = [];
    for (const name of named) if (await this.#rights.may("read", name)) queueName.push(name);
    return queueName.length === 0 ? undefined : { ...filter, queueName };
  }

  async #inReadable<Of extends { readonly queueName: string }>(all: readonly Of[]): Promise<Of[]> {
    const readable: Of[] = [];
    for (const one of all) {
      if (await this.#rights.may("read", one.queueName)) readable.push(one);
    }
    return readable;
  }

  async #allRedacted<AJob extends JobSummary>(jobs: readonly AJob[]): Promise<AJob[]> {
    const all = this.#rights.isPublic("read") ? jobs : await this.#withReadableIds(jobs);
    return all.map((job) => redactedJob(job, this.#settings));
  }

  async #withReadableIds<AJob extends JobSummary>(jobs: readonly AJob[]): Promise<AJob[]> {
    const here = new Set(jobs.map(({ id }) => id));
    const elsewhere = new Set(jobs.flatMap(idsIn).filter((id) => !here.has(id)));
    const readable = await this.readable([...elsewhere]);
    return jobs.map((job) => withoutIds(job, (id) => !here.has(id) && !readable.has(id)));
  }
}

function needsAll(): RequestError {
  return new RequestError(
    "forbidden",
    "Cancelling descendants needs the right to write in every queue",
  );
}

const AT_ONCE = 1_000;

/** The ids of other jobs that a job has, in its errors too. */
function idsIn(
  job: JobSummary & { readonly attemptHistory?: readonly Attempt[] },
): readonly string[] {
  const { parentId, dependsOn, error, attemptHistory = [] } = job;
  const errors = [error, ...attemptHistory.map((attempt) => attempt.error)];
  return [...dependsOn, parentId, ...errors.flatMap((one) => [one?.dependencyId, one?.parentId])]
    .filter((id) => id !== undefined);
}

function withoutIds<AJob extends JobSummary & { readonly attemptHistory?: readonly Attempt[] }>(
  job: AJob,
  isHidden: (id: string) => boolean,
): AJob {
  const hidden = idsIn(job).filter(isHidden);
  if (hidden.length === 0) return job;
  const { parentId, dependsOn, error, attemptHistory } = job;
  return {
    ...job,
    parentId: parentId === undefined || isHidden(parentId) ? undefined : parentId,
    dependsOn: dependsOn.filter((id) => !isHidden(id)),
    error: error && errorWithout(hidden, error),
    ...attemptHistory && {
      attemptHistory: attemptHistory.map((attempt) => ({
        ...attempt,
        error: attempt.error && errorWithout(hidden, attempt.error),
      })),
    },
  };
}

function errorWithout(hidden: readonly string[], error: JobError): JobError {
  const { dependencyId, parentId, message, ...rest } = error;
  const isShown = (id: string | undefined) => id !== undefined && !hidden.includes(id);
  return {
    ...rest,
    message: without(hidden, message),
    ...isShown(dependencyId) && { dependencyId },
    ...isShown(parentId) && { parentId },
  } as JobError;
}

function without(ids: readonly string[], text: string): string {
  return ids.reduce((rest, id) => rest.replaceAll(id, "(hidden)"), text);
}
