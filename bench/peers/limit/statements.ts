/**
 * The calls of hammerwork's worker as plain SQL: what it claims and records while it drains a
 * database. Against a copy of that database as it was, the same statements do the same again, for
 * their claims find the same jobs and bring the tokens that the outcomes are recorded with.
 *
 * @module
 */
import postgres from "postgres";
import { JobQueue, type Store } from "../../../mod.ts";
import { postgres as openPostgres, type Sql, type SqlValue } from "../../../src/store/postgres.ts";
import type { Trivial } from "../../measured/trivial.ts";

/** Drains the database. Returns its calls, one statement each. */
export async function recordStatements(
  address: string,
  concurrency: number,
  jobs: number,
): Promise<readonly string[]> {
  const sql = postgres(address, { max: 4, fetch_types: false, onnotice: () => {} });
  const statements: string[] = [];
  const recording: Sql = {
    unsafe: (text, values = [], options) => {
      if (text.includes(".settle_and_claim(")) statements.push(withValues(text, values));
      return sql.unsafe(text, values, options);
    },
  };
  const store = await openPostgres(recording) as unknown as Store;
  const queue = new JobQueue<{ trivial: Trivial }>({ store });
  const { completed } = await queue.worker("trivial", () => {}, { concurrency }).tick();
  await queue.close();
  await sql.end();
  if (completed !== jobs) throw new Error(`${jobs} jobs must complete: got ${completed}`);
  return statements;
}

function withValues(text: string, values: readonly SqlValue[]): string {
  return text.replaceAll(/\$(\d+)/g, (_, place) => literal(values[place - 1]!))
    .replaceAll(/\s+/g, " ");
}

function literal(value: SqlValue): string {
  if (value === null) return "null";
  return typeof value === "string" ? `'${value.replaceAll("'", "''")}'` : String(value);
}
