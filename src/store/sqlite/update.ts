/**
 * Changing a job's row in a file.
 *
 * @module
 */
import type { JobChanges } from "../transitions/job_table.ts";
import type { Database, SqlValue } from "./database.ts";

const columns: readonly (readonly [field: keyof JobChanges, column: string])[] = [
  ["status", "status"],
  ["attempts", "attempts"],
  ["releases", "releases"],
  ["maxAttempts", "max_attempts"],
  ["runAt", "run_at"],
  ["startedAt", "started_at"],
  ["finishedAt", "finished_at"],
  ["result", "result"],
  ["error", "error"],
  ["attemptTraceparent", "attempt_traceparent"],
  ["isSuspect", "is_suspect"],
];

// By which fields change, a bit each: there are about ten such sets.
const statements = new Map<number, string>();

/** Changes what is given. No transition makes a job run, so what has a status gets no lease. */
export function updateJob(database: Database, id: string, changes: JobChanges): void {
  // What had ended and runs again takes back the end of its trace.
  let changed = changes.finishedAt === null ? 1 << columns.length : 0;
  const values: SqlValue[] = [];
  for (let i = 0; i < columns.length; i++) {
    const value = changes[columns[i]![0]];
    if (value === undefined) continue;
    changed |= 1 << i;
    values.push(
      typeof value === "object" && value !== null ? JSON.stringify(value) : sqlValue(value),
    );
  }
  values.push(id);
  let sql = statements.get(changed);
  if (sql === undefined) statements.set(changed, sql = statementOf(changes));
  database.run(sql, ...values);
}

function sqlValue(value: string | number | boolean | null): SqlValue {
  return typeof value === "boolean" ? Number(value) : value;
}

function statementOf(changes: JobChanges): string {
  const set = columns.filter(([field]) => changes[field] !== undefined)
    .map(([, column]) => `${column} = ?`);
  if (changes.status !== undefined) set.push("lease_token = null", "leased_until = null");
  if (changes.finishedAt === null) set.push("trace_end_due = null");
  return `update hammerwork_jobs set ${set.join(", ")} where id = ?`;
}
