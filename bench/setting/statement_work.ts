/**
 * What some statements cost a PostgreSQL that counts them with pg_stat_statements, and how large the
 * tables of a database are.
 *
 * @module
 */
import postgres from "postgres";

/** Counted since the server was started. */
export interface StatementWork {
  readonly calls: number;
  /** Pages that they found in memory or read. */
  readonly pages: number;
  readonly ms: number;
}

/** How large the tables are. */
export interface TableSizes {
  /** Bytes of all tables with their indexes. */
  readonly all: number;
  /** Bytes of those that hold fewer rows than a given number. */
  readonly small: number;
}

/** A look at a database from outside of it, until its block ends. */
export interface Watch extends AsyncDisposable {
  readonly statements: () => Promise<StatementWork>;
  readonly sizes: (smallRows: number) => Promise<TableSizes>;
}

/** What a server needs to count its statements. */
export const countingStatements: Readonly<Record<string, string>> = {
  shared_preload_libraries: "pg_stat_statements",
};

/** Looks at the statements that are like a pattern. */
export async function watchDatabase(address: string, like: string): Promise<Watch> {
  const quiet = { max: 1, onnotice: () => {} };
  // Its own database stays free of it, as its transactions are counted.
  const server = postgres(Object.assign(new URL(address), { pathname: "postgres" }).href, quiet);
  const sql = postgres(address, quiet);
  const name = new URL(address).pathname.slice(1);
  await server`create extension if not exists pg_stat_statements`;
  return {
    statements: async () => {
      const [row] = await server`
        select coalesce(sum(calls), 0) as calls, coalesce(sum(total_exec_time), 0) as ms,
          coalesce(sum(shared_blks_hit + shared_blks_read), 0) as pages
        from pg_stat_statements s join pg_database d on d.oid = s.dbid
        where d.datname = ${name} and s.query ilike ${like}`;
      return { calls: Number(row!.calls), pages: Number(row!.pages), ms: Number(row!.ms) };
    },
    sizes: async (smallRows) => {
      const tables = await sql`
        select format('%I.%I', schemaname, relname) as name, pg_total_relation_size(relid) as bytes
        from pg_stat_user_tables`;
      let [all, small] = [0, 0];
      for (const { name, bytes } of tables) {
        all += Number(bytes);
        const [counted] = await sql.unsafe(
          `select count(*) as rows from (select from ${name} limit ${smallRows}) t`,
        );
        if (Number(counted!.rows) < smallRows) small += Number(bytes);
      }
      return { all, small };
    },
    [Symbol.asyncDispose]: async () => void await Promise.all([server.end(), sql.end()]),
  };
}
