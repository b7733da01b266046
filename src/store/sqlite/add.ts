/**
 * Adding jobs to a file: which are there already, and the rows of the new ones.
 *
 * @module
 */
import { type JobInput, type JobPart, jobParts, type JobRecord } from "../../job/record.ts";
import type { JobStatus } from "../../job/status.ts";
import type { KnownJob } from "../transitions/job_table.ts";
import type { Database } from "./database.ts";
import { foundColumns, insertStatement, toFound, toRow } from "./rows.ts";
import { updateJob } from "./settle.ts";

/** For each input the job that is stored under its id, or else under its idempotency key. */
export function knownJobs(
  database: Database,
  inputs: readonly JobInput[],
  include: readonly JobPart[] | undefined,
): readonly (KnownJob | undefined)[] {
  const { byId, byKey } = include === undefined ? wholeQueries : queriesOf(include);
  return inputs.map((input) => {
    const { id, queueName, idempotencyKey } = input;
    const same = database.get(byId, id);
    if (same !== undefined) {
      return { job: toFound(same), hasSamePayload: hasPayload(database, input) };
    }
    if (idempotencyKey === undefined) return undefined;
    const keyed = database.get(byKey, queueName, idempotencyKey);
    return keyed && { job: toFound(keyed), hasSamePayload: false };
  });
}

/** The queries for a job that was stored before. */
interface Queries {
  readonly byId: string;
  readonly byKey: string;
}

function queriesOf(include: readonly JobPart[]): Queries {
  const select = `select ${foundColumns(include)} from hammerwork_jobs`;
  return {
    byId: `${select} where id = ?`,
    byKey: `${select} indexed by hammerwork_jobs_key where queue_name = ? and idempotency_key = ?`,
  };
}

// Written once: an enqueue of one job is short.
const wholeQueries = queriesOf(jobParts);

/** Whether the payload of a stored job is this one: compared where it is, and not brought here. */
function hasPayload(database: Database, { id, payload }: JobInput): boolean {
  const sql = "select 1 from hammerwork_jobs where id = ? and payload = ?";
  return database.get(sql, id, payload) !== undefined;
}

/** The statuses of jobs. A job can have a thousand dependencies, so they are one statement. */
export function statusesOf(
  database: Database,
  ids: readonly string[],
): ReadonlyMap<string, JobStatus> {
  const rows = database.all(
    "select j.id, j.status from json_each(?) d " +
      "cross join hammerwork_jobs j indexed by hammerwork_jobs_id on j.id = d.value",
    JSON.stringify(ids),
  );
  return new Map(rows.map(({ id, status }) => [id as string, status as JobStatus]));
}

/** Stores a new job, and gives its sequence. */
export function insertJob(database: Database, job: Omit<JobRecord, "sequence">): number {
  const sequence = database.insert(insertStatement, ...toRow(job));
  const { finishedAt, error } = job;
  // Few jobs are cancelled as they are added.
  if (finishedAt !== undefined) updateJob(database, job.id, { finishedAt, error: error ?? null });
  return sequence;
}
