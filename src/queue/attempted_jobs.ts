/**
 * Found jobs with the attempts that did not complete them, read in one call for all.
 *
 * @module
 */
import { toFailedAttempt } from "../job/from_record.ts";
import type { Attempted, FailedAttempt, Job } from "../job/job.ts";
import type { Store } from "../store/store.ts";

/** The jobs in the same order, each with its failed attempts. */
export async function withAttempts<AJob extends Job, Transaction>(
  store: Store<Transaction>,
  jobs: readonly AJob[],
): Promise<readonly (AJob & Attempted)[]> {
  const attemptsOf = new Map<string, FailedAttempt[]>(jobs.map(({ id }) => [id, []]));
  for (const attempt of await store.attempts(jobs.map(({ id }) => id))) {
    attemptsOf.get(attempt.jobId)!.push(toFailedAttempt(attempt));
  }
  return jobs.map((job) => ({ ...job, failedAttempts: attemptsOf.get(job.id)! }));
}
