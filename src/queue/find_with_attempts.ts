/**
 * Found jobs with all their attempts.
 *
 * @module
 */
import { toAttemptHistory } from "../job/from_record.ts";
import type { Job, JobWith, JobWithAttempts } from "../job/job.ts";
import type { JobPart } from "../job/parts.ts";
import type { AttemptRecord } from "../job/record.ts";
import type { RecordPage, Store } from "../store/store.ts";
import {
  type JobFilter,
  type JobPage,
  mostPageBytes,
  toJobPage,
  toRecordFilter,
} from "./lookup.ts";

/** Jobs as `find` gives them, each with its attempts: up to 1,000, unless the filter says less. */
export async function findWithAttempts<Transaction>(
  store: Store<Transaction>,
  filter: JobFilter,
): Promise<JobPage<JobWithAttempts<JobWith<Job, JobPart>>>> {
  const recordFilter = toRecordFilter(filter, 1_000);
  const page = await store.find(recordFilter);
  const stacks = recordFilter.include?.includes("stack") ?? true;
  const { recordsOf, ...read } = await readAttempts(store, page, stacks);
  const { jobs, nextCursor } = toJobPage(read);
  return {
    jobs: jobs.map((job) => ({
      ...job,
      attemptHistory: toAttemptHistory(job, recordsOf.get(job.id)!),
    })),
    nextCursor,
  };
}

/** So many attempts are read in one call. */
const ATTEMPTS_AT_ONCE = 1_000;
const WITH_STACKS_AT_ONCE = 100;

/**
 * Reads the attempts of a page's jobs. Where they are too many for one page it ends earlier, with one
 * job at least.
 */
async function readAttempts<Transaction>(
  store: Store<Transaction>,
  { jobs, hasMore }: RecordPage,
  stacks: boolean,
): Promise<RecordPage & { readonly recordsOf: ReadonlyMap<string, readonly AttemptRecord[]> }> {
  const recordsOf = new Map<string, AttemptRecord[]>(jobs.map(({ id }) => [id, []]));
  let limit = stacks ? WITH_STACKS_AT_ONCE : ATTEMPTS_AT_ONCE;
  let bytes = 0;
  let done = 0;
  while (done < jobs.length && bytes < mostPageBytes) {
    const jobIds = jobs.slice(done).map(({ id }) => id);
    const attempts = await store.attempts({ jobIds, limit, stacks });
    const { whole, count } = wholeJobs(attempts, jobIds, limit);
    // One job alone has as many: it is read in one piece.
    if (count === 0) limit *= 2;
    for (const attempt of whole) {
      bytes += bytesOf(attempt);
      recordsOf.get(attempt.jobId)!.push(attempt);
    }
    done += count;
  }
  return { jobs: jobs.slice(0, done), hasMore: hasMore || done < jobs.length, recordsOf };
}

/** The jobs of which all attempts were read. Where as many came as can, those of the last may go on. */
function wholeJobs(
  attempts: readonly AttemptRecord[],
  jobIds: readonly string[],
  limit: number,
): { whole: readonly AttemptRecord[]; count: number } {
  if (attempts.length < limit) return { whole: attempts, count: jobIds.length };
  const last = attempts.at(-1)!.jobId;
  return {
    whole: attempts.filter(({ jobId }) => jobId !== last),
    count: jobIds.indexOf(last),
  };
}

const ATTEMPT_BYTES = 300;

function bytesOf({ error }: AttemptRecord): number {
  return ATTEMPT_BYTES +
    (error === undefined ? 0 : error.message.length + (error.stack ?? "").length);
}
