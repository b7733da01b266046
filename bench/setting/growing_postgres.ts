/**
 * Growing and disturbing in Postgres. Which tables there are is read from its catalog.
 *
 * @module
 */
import postgres from "postgres";
import { query } from "./server.ts";
import type { Growing } from "./growing.ts";

/** What a copy of the row of a new job does not have from it. */
const ownWhereItBegins: Readonly<Record<string, string>> = {
  id: "uuidv7()",
  trace_id: "gen_random_uuid()",
  correlation_id: "'order-' || c.i",
};

/** The same of a row that says where a job stands. */
const ownElsewhere: Readonly<Record<string, string>> = {
  sequence: "c.sequence",
  id: "c.id",
  trace_id: "c.trace_id",
  // A million of them have ended within the seven days for which they are kept.
  finished_at: "s.finished_at - c.sequence * interval '0.5 s'",
};

/** A table with a column `sequence`, which numbers the jobs. */
interface JobTable {
  readonly name: string;
  /** Whether jobs get their numbers here. */
  readonly isFirst: boolean;
  /** Those that are written. */
  readonly columns: readonly string[];
}

/** By SQL of its own kind. */
export const growingPostgres: Growing = {
  multiply: async (address, { id }, rows) => {
    const [first, ...others] = await jobTables(address);
    const standing = await tablesWith(address, id, first!, others);
    const source = `(select sequence from ${first!.name} where id = '${id}')`;
    await query(
      address,
      `with c as (
        ${insertCopies(first!, ownWhereItBegins)}
        from ${first!.name} s, generate_series(1, ${rows}) c (i) where s.id = '${id}'
        returning sequence, id, trace_id
      )${
        standing.map((table, i) =>
          `, more_${i} as (
            ${insertCopies(table, ownElsewhere)}
            from ${table.name} s, c where s.sequence = ${source})`
        ).join("")
      }
      select count(*) from c`,
    );
  },
  analyzeForGood: (address) =>
    ofEachTable(address, (table) => [
      `alter table ${table} set (autovacuum_enabled = off)`,
      `analyze ${table}`,
    ]),
  holdSnapshot: async (address) => {
    const sql = postgres(address, { max: 1, onnotice: () => {} });
    await sql.unsafe("begin isolation level repeatable read; select count(*) from pg_class")
      .simple();
    return { [Symbol.asyncDispose]: () => sql.end() };
  },
  tidy: async (address) => {
    await ofEachTable(address, (table) => [`vacuum analyze ${table}`]);
    await query(address, "checkpoint");
  },
};

/** The first is the one in which jobs get their numbers. */
async function jobTables(address: string): Promise<readonly JobTable[]> {
  const columns = await query(
    address,
    `select format('%I.%I', c.table_schema, c.table_name) as table, c.column_name as name,
      (c.is_identity = 'YES')::text as is_identity, (c.is_generated <> 'NEVER')::text as is_made
    from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
    where c.table_schema = 'hammerwork' and t.table_type = 'BASE TABLE'`,
  );
  const names = [...new Set(columns.map(({ table }) => table!))];
  return names
    .map((name) => {
      const all = columns.filter(({ table }) => table === name);
      const written = all.filter((one) => one.is_identity !== "true" && one.is_made !== "true");
      const sequence = all.find((one) => one.name === "sequence");
      return {
        name,
        hasSequence: sequence !== undefined,
        isFirst: sequence?.is_identity === "true",
        columns: written.map((one) => one.name!),
      };
    })
    .filter(({ hasSequence }) => hasSequence)
    .sort((one, other) => Number(other.isFirst) - Number(one.isFirst));
}

/** Those that say something about a job. */
async function tablesWith(
  address: string,
  id: string,
  first: JobTable,
  others: readonly JobTable[],
): Promise<readonly JobTable[]> {
  const [found] = await query(
    address,
    `select ${
      others.map(({ name }, i) =>
        `exists (select from ${name} t join ${first.name} f using (sequence) where f.id = '${id}')
          ::text as t${i}`
      ).join(", ")
    }`,
  );
  return others.filter((_, i) => found![`t${i}`] === "true");
}

/** What is before `from`, for a row `s` and its copies `c`. */
function insertCopies(
  { name, columns }: JobTable,
  own: Readonly<Record<string, string>>,
): string {
  const values = columns.map((column) => own[column] ?? `s.${column}`);
  return `insert into ${name} (${columns.join(", ")}) select ${values.join(", ")}`;
}

async function ofEachTable(
  address: string,
  statements: (table: string) => readonly string[],
): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  try {
    const tables = await sql`
      select format('%I.%I', schemaname, relname) as name from pg_stat_user_tables
      where schemaname = 'hammerwork'`;
    for (const { name } of tables) {
      for (const statement of statements(name)) await sql.unsafe(statement);
    }
  } finally {
    await sql.end();
  }
}
