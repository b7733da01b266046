/**
 * Growing and disturbing in Postgres.
 *
 * @module
 */
import postgres from "postgres";
import { query } from "./server.ts";
import type { Growing } from "./growing.ts";

/** What a copy of a row does not have from it; `i` counts the copies. */
const own: Readonly<Record<string, string>> = {
  id: "uuidv7()",
  trace_id: "gen_random_uuid()",
  correlation_id: "'order-' || i",
  // A million of them have ended within the seven days for which they are kept.
  finished_at: "finished_at - i * interval '0.5 s'",
};

/** By SQL of its own kind. */
export const growingPostgres: Growing = {
  multiply: async (address, status, rows) => {
    const columns = await query(
      address,
      "select column_name as name from information_schema.columns where table_name = 'jobs' " +
        "and table_schema = 'hammerwork' and is_identity = 'NO'",
    );
    const names = columns.map(({ name }) => name!);
    await query(
      address,
      `insert into hammerwork.jobs (${names.join(", ")})
        select ${names.map((name) => own[name] ?? name).join(", ")}
        from hammerwork.jobs, generate_series(1, ${rows}) i where status = '${status}'`,
    );
  },
  analyzeForGood: async (address) => {
    await query(address, "alter table hammerwork.jobs set (autovacuum_enabled = off)");
    await query(address, "analyze hammerwork.jobs");
  },
  holdSnapshot: async (address) => {
    const sql = postgres(address, { max: 1, onnotice: () => {} });
    await sql.unsafe("begin isolation level repeatable read; select count(*) from hammerwork.jobs")
      .simple();
    return { [Symbol.asyncDispose]: () => sql.end() };
  },
  tidy: async (address) => {
    await query(address, "vacuum analyze hammerwork.jobs");
    await query(address, "checkpoint");
  },
};
