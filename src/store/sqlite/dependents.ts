/**
 * Which jobs of a file belong to another one: its children, those that wait for it, and those that
 * were cancelled because of it.
 *
 * @module
 */
import type { Dependent, JobRow } from "../transitions/job_table.ts";
import type { Database } from "./database.ts";
import { rowColumns, toJobRow } from "./rows.ts";

/** The jobs with this parent. */
export function childrenOf(database: Database, id: string): readonly JobRow[] {
  return database.all(
    `select ${rowColumns} from hammerwork_jobs indexed by hammerwork_jobs_parent ` +
      "where parent_id = ?",
    id,
  ).map(toJobRow);
}

/** Those that are cancelled because of a job. */
export function cancelledFor(database: Database, id: string): readonly JobRow[] {
  return database.all(
    `select ${rowColumns} from hammerwork_jobs indexed by hammerwork_jobs_cancelled_for ` +
      "where status = 'cancelled' and json_extract(error, '$.dependencyId') = ?",
    id,
  ).map(toJobRow);
}

/** Which of these jobs an unfinished one depends on. */
export function neededBy(database: Database, ended: readonly JobRow[]): ReadonlySet<string> {
  const needed = "select 1 from hammerwork_live_dependents where dependency_id = ? limit 1";
  return new Set(ended.map(({ id }) => id).filter((id) => database.get(needed, id)));
}

/** Makes a job wait for others, or, with none, wait no more. */
export function insertWaits(
  database: Database,
  id: string,
  dependencyIds: readonly string[],
): void {
  if (dependencyIds.length === 0) {
    database.run("delete from hammerwork_dependencies where job_id = ?", id);
    return;
  }
  database.run(
    "insert into hammerwork_dependencies (dependency_id, job_id) select value, ? from json_each(?)",
    id,
    JSON.stringify(dependencyIds),
  );
}

/** Notes that a job that has not ended depends on others. */
export function insertLiveDependent(
  database: Database,
  id: string,
  dependsOn: readonly string[],
): void {
  database.run(
    "insert or ignore into hammerwork_live_dependents (dependency_id, job_id) " +
      "select value, ? from json_each(?)",
    id,
    JSON.stringify(dependsOn),
  );
}

/** A job that depends on others has ended. */
export function deleteLiveDependent(database: Database, id: string): void {
  database.run("delete from hammerwork_live_dependents where job_id = ?", id);
}

/** Removes the rows of those that waited for jobs, and says who they are. */
export function takeDependents(
  database: Database,
  ended: readonly JobRow[],
  onlyFree: boolean,
): readonly Dependent<JobRow>[] {
  const ids = new Set<string>();
  for (const { id } of ended) {
    const waits = "delete from hammerwork_dependencies where dependency_id = ? returning job_id";
    for (const { job_id } of database.all(waits, id)) ids.add(job_id as string);
  }
  if (ids.size === 0) return [];
  // Those that wait for others are left out without a look at their rows, which can be long.
  const waits = "exists (select 1 from hammerwork_dependencies where job_id = e.value)";
  return database.all(
    `select ${rowColumns}, ${waits} as waits from json_each(?) e ` +
      "cross join hammerwork_jobs indexed by hammerwork_jobs_id on hammerwork_jobs.id = e.value " +
      "where status = 'blocked'" +
      (onlyFree ? ` and not ${waits}` : ""),
    JSON.stringify([...ids]),
  ).map((row) => ({ row: toJobRow(row), waits: row.waits === 1 }));
}
