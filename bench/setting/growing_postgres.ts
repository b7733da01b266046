/**
 * Growing and disturbing in Postgres.
 *
 * @module
 */
import postgres from "postgres";
import { analyzeForGood, vacuumAnalyze } from "../../tests/postgres/fill.ts";
import { query } from "./server.ts";
import type { Growing } from "./growing.ts";

type Table = "enqueued" | "live" | "ended";

/** Where a job of a status stands. */
const standing = { scheduled: "live", completed: "ended" } as const;

/** What a copy of a row does not have from it, of its own in `c`. */
const own: Readonly<Record<Table, Readonly<Record<string, string>>>> = {
  enqueued: {
    id: "uuidv7()",
    trace_id: "gen_random_uuid()",
    correlation_id: "'order-' || c.i",
  },
  live: { sequence: "c.sequence", id: "c.id", trace_id: "c.trace_id" },
  ended: {
    sequence: "c.sequence",
    id: "c.id",
    trace_id: "c.trace_id",
    // A million of them have ended within the seven days for which they are kept.
    finished_at: "s.finished_at - c.sequence * interval '0.5 s'",
  },
};

/** By SQL of its own kind. */
export const growingPostgres: Growing = {
  multiply: async (address, status, rows) => {
    const stands = standing[status];
    await query(
      address,
      `with one as (
        select * from hammerwork.${stands} where status = '${status}'
      ), c as (
        ${await insertCopies(address, "enqueued")}
        from hammerwork.enqueued s, generate_series(1, ${rows}) c (i)
        where s.sequence = (select sequence from one)
        returning sequence, id, trace_id
      )
      ${await insertCopies(address, stands)} from one s, c`,
    );
  },
  analyzeForGood: (address) => within(address, (sql) => analyzeForGood(sql, "hammerwork")),
  holdSnapshot: async (address) => {
    const sql = postgres(address, { max: 1, onnotice: () => {} });
    await sql.unsafe("begin isolation level repeatable read; select count(*) from hammerwork.jobs")
      .simple();
    return { [Symbol.asyncDispose]: () => sql.end() };
  },
  tidy: (address) =>
    within(address, async (sql) => {
      await vacuumAnalyze(sql, "hammerwork");
      await sql`checkpoint`;
    }),
};

async function within(address: string, work: (sql: postgres.Sql) => Promise<void>): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  try {
    await work(sql);
  } finally {
    await sql.end();
  }
}

/** What is before `from`, for a row `s` and its copies `c`. */
async function insertCopies(address: string, table: Table): Promise<string> {
  const columns = await query(
    address,
    "select column_name as name from information_schema.columns where is_identity = 'NO' " +
      `and table_schema = 'hammerwork' and table_name = '${table}'`,
  );
  const names = columns.map(({ name }) => name!);
  const values = names.map((name) => own[table][name] ?? `s.${name}`);
  return `insert into hammerwork.${table} (${names.join(", ")}) select ${values.join(", ")}`;
}
