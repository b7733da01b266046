/**
 * Adding jobs to a file, inside a transaction.
 *
 * @module
 */
import { hasEnded, type JobStatus } from "../../job/status.ts";
import { type JobPart, jobParts, recordWith } from "../../job/parts.ts";
import type { FoundRecord, JobError, JobInput, JobRecord } from "../../job/record.ts";
import type { Added } from "../store.ts";
import { checkSameJob, dependencyFailed, parentCancelled, unknownDependency } from "../reasons.ts";
import { failedDependencyOf } from "../revival.ts";
import type { Database } from "./database.ts";
import { foundColumns, insertJob, toFound, toRow } from "./rows.ts";
import type { Effects } from "./effects.ts";

/** Adds jobs in the given order. Whatever it throws, the transaction takes back. */
export function addJobs(
  database: Database,
  inputs: readonly JobInput[],
  now: number,
  effects: Effects,
  include?: readonly JobPart[],
): Added[] {
  const queries = include === undefined ? wholeQueries : queriesOf(include);
  const storedIds = new Map<string, string>();
  return inputs.map((input) => {
    const known = storedBefore(database, input, queries);
    const job = known ??
      recordWith(insert(database, withStoredIds(input, storedIds), now, effects), include);
    storedIds.set(input.id, job.id);
    if (known === undefined) effects.woken.add(job.queueName);
    return { job, deduplicated: known !== undefined };
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
    byKey: `${select} where queue_name = ? and idempotency_key = ?`,
  };
}

// Written once: an enqueue of one job is short.
const wholeQueries = queriesOf(jobParts);

function storedBefore(
  database: Database,
  input: JobInput,
  { byId, byKey }: Queries,
): FoundRecord | undefined {
  const { id, queueName, idempotencyKey } = input;
  const row = database.get(byId, id);
  if (row !== undefined) {
    const record = toFound(row);
    checkSameJob(input, record, hasPayload(database, input));
    return record;
  }
  if (idempotencyKey === undefined) return undefined;
  const keyed = database.get(byKey, queueName, idempotencyKey);
  return keyed && toFound(keyed);
}

/** Whether the payload of a stored job is this one: compared where it is, and not brought here. */
function hasPayload(database: Database, { id, payload }: JobInput): boolean {
  const sql = "select 1 from hammerwork_jobs where id = ? and payload = ?";
  return database.get(sql, id, payload) !== undefined;
}

/** Dependencies and parent as they are stored: under another id where this call deduplicated them. */
function withStoredIds(input: JobInput, storedIds: ReadonlyMap<string, string>): JobInput {
  const { dependsOn, parentId } = input;
  return {
    ...input,
    dependsOn: [...new Set(dependsOn.map((id) => storedIds.get(id) ?? id))],
    parentId: parentId && (storedIds.get(parentId) ?? parentId),
  };
}

function insert(
  database: Database,
  input: JobInput,
  now: number,
  effects: Effects,
): JobRecord {
  const statuses = statusesOf(database, input.dependsOn);
  const unfinished = input.dependsOn.filter((id) => !hasEnded(statuses.get(id)!));
  const error = errorOf(database, input, statuses);
  const runAt = Math.max(now, input.runAt ?? now + (input.delayMs ?? 0));
  const status: JobStatus = error !== undefined
    ? "cancelled"
    : unfinished.length > 0
    ? "blocked"
    : runAt <= now
    ? "ready"
    : "scheduled";
  const sequence = database.insert(insertJob, ...toRow(input, status, now, runAt));
  const { delayMs: _delayMs, ...kept } = input;
  const job: JobRecord = {
    ...kept,
    sequence,
    status,
    attempts: 0,
    releases: 0,
    createdAt: now,
    runAt,
  };
  if (error !== undefined) {
    effects.ended.push({ id: job.id, status: "cancelled" });
    return cancelAtOnce(database, job, error, now);
  }
  if (unfinished.length > 0) {
    database.run(
      "insert into hammerwork_dependencies (dependency_id, job_id) select value, ? from json_each(?)",
      input.id,
      JSON.stringify(unfinished),
    );
  }
  return job;
}

/** Why a job is cancelled as it is added, if it is. */
function errorOf(
  database: Database,
  input: JobInput,
  statuses: ReadonlyMap<string, JobStatus>,
): JobError | undefined {
  const { parentId } = input;
  if (parentId !== undefined && isCancelled(database, parentId)) return parentCancelled(parentId);
  const failed = failedDependencyOf(input, (id) => statuses.get(id));
  return failed && dependencyFailed(failed);
}

function isCancelled(database: Database, id: string): boolean {
  const row = database.get("select status from hammerwork_jobs where id = ?", id);
  return row?.status === "cancelled";
}

/** Where the dependencies of a job stand. A job can have a thousand, so they are one statement. */
function statusesOf(database: Database, ids: readonly string[]): ReadonlyMap<string, JobStatus> {
  if (ids.length === 0) return new Map();
  const rows = database.all(
    "select d.value as id, j.status from json_each(?) d " +
      "left join hammerwork_jobs j on j.id = d.value order by d.key",
    JSON.stringify(ids),
  );
  return new Map(rows.map(({ id, status }) => {
    if (status === null) throw unknownDependency(id as string);
    return [id as string, status as JobStatus];
  }));
}

function cancelAtOnce(database: Database, job: JobRecord, error: JobError, now: number): JobRecord {
  database.run(
    "update hammerwork_jobs set finished_at = ?, error = ? where id = ?",
    now,
    JSON.stringify(error),
    job.id,
  );
  return { ...job, finishedAt: now, error };
}
