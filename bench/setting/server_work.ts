/**
 * What a PostgreSQL has done, by its own counters: they depend on the work and not on the machine.
 *
 * @module
 */
import postgres from "postgres";

/** Counted from the start of a database on; WAL from that of the server. */
export interface ServerWork {
  readonly walBytes: number;
  readonly commits: number;
  /** Rows added, and versions of rows that changes and deletions have left behind. */
  readonly inserted: number;
  readonly dead: number;
}

const quiet = { max: 1, onnotice: () => {} };

/** Reads the counters when nobody else is connected any more: a session counts at its end. */
export async function readServerWork(address: string): Promise<ServerWork> {
  const sql = postgres(address, quiet);
  try {
    await untilAlone(sql);
    const [row] = await sql`
      select pg_current_wal_insert_lsn() - '0/0'::pg_lsn as wal, d.xact_commit as commits,
        t.inserted, t.dead
      from pg_stat_database d, (
        select coalesce(sum(n_tup_ins), 0) as inserted,
          coalesce(sum(n_tup_upd + n_tup_del), 0) as dead
        from pg_stat_user_tables
      ) t
      where d.datname = current_database()`;
    return {
      walBytes: Number(row!.wal),
      commits: Number(row!.commits),
      inserted: Number(row!.inserted),
      dead: Number(row!.dead),
    };
  } finally {
    await sql.end();
  }
}

/** The difference, for each of so many jobs. */
export function workForEach(before: ServerWork, after: ServerWork, jobs: number): ServerWork {
  const each = (name: keyof ServerWork) => (after[name] - before[name]) / jobs;
  return {
    walBytes: each("walBytes"),
    commits: each("commits"),
    inserted: each("inserted"),
    dead: each("dead"),
  };
}

/** No vacuum and no images of whole pages, which depend on the clock, for as long as its block lasts. */
export async function withoutChance(address: string): Promise<AsyncDisposable> {
  const set = async (how: "off" | "on") => {
    const sql = postgres(address, quiet);
    await sql.unsafe(`alter system set autovacuum = ${how}`);
    await sql.unsafe(`alter system set full_page_writes = ${how}`);
    await sql`select pg_reload_conf()`;
    await sql.end();
  };
  await set("off");
  return { [Symbol.asyncDispose]: () => set("on") };
}

async function untilAlone(sql: postgres.Sql): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const [{ others } = {}] = await sql`
      select count(*)::integer as others from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`;
    if (others === 0) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error("Nobody else was expected to be connected any more: somebody is");
}
