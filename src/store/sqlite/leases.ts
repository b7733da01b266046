/**
 * The leases on the jobs in a file that run.
 *
 * @module
 */
import type { JobRow } from "../transitions/job_table.ts";
import type { Database } from "./database.ts";
import { rowColumns, toJobRow } from "./rows.ts";

/** Extends a lease, and notes that its attempt has begun. */
export function extendLease(
  database: Database,
  id: string,
  leasedUntil: number,
  hasBegun: boolean,
): void {
  database.run(
    "update hammerwork_jobs set leased_until = ?, has_begun = ? where id = ?",
    leasedUntil,
    hasBegun ? 1 : 0,
    id,
  );
}

/** The jobs whose lease has expired, or the one of them with an id. */
export function expiredLeases(
  database: Database,
  now: number,
  limit: number,
  id?: string,
): readonly JobRow[] {
  return database.all(
    `select ${rowColumns} from hammerwork_jobs indexed by hammerwork_jobs_leased ` +
      "where status = 'running' and leased_until < ? and id = coalesce(?, id) " +
      "order by leased_until limit ?",
    now,
    id ?? null,
    limit,
  ).map(toJobRow);
}
