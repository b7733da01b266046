/**
 * A PostgreSQL of this benchmark's own, which waits for its disk, and a new database for each
 * measurement.
 *
 * @module
 */
import postgres from "postgres";
import { startServer } from "../../../tests/postgres/server.ts";
import { parentOf } from "../../setting/cpu_time.ts";
import type { Place, RunningServer } from "./place.ts";

/** A running server with databases to give. */
export interface PostgresServer extends RunningServer {
  /** Makes an empty one. */
  readonly freshPlace: () => Promise<Place>;
}

const settings = { shared_buffers: "512MB", max_connections: 400, max_wal_size: "4GB" };
const quiet = { max: 1, onnotice: () => {} };

/** Starts it, with more settings. */
export async function startPostgres(
  more: Readonly<Record<string, string>> = {},
): Promise<PostgresServer> {
  const server = await startServer({ fsync: true, settings: { ...settings, ...more } });
  const sql = postgres(server.url, quiet);
  const [row] = await sql`
    select pg_backend_pid() as pid, current_setting('server_version') as version`;
  const serverPid = parentOf(row!.pid);
  let made = 0;
  const makePlace = async (like?: string): Promise<Place> => {
    const name = `bench_${++made}`;
    await sql.unsafe(
      `create database ${name} ${like ? `template ${like} strategy file_copy` : ""}`,
    );
    const address = Object.assign(new URL(server.url), { pathname: name }).href;
    return {
      address,
      serverPid,
      settle: async ({ analyzes = true } = {}) => {
        if (analyzes) await vacuum(address);
        await sql`checkpoint`;
      },
      copy: () => makePlace(name),
      [Symbol.asyncDispose]: async () =>
        void await sql.unsafe(`drop database ${name} with (force)`),
    };
  };
  return {
    version: `PostgreSQL ${row!.version.split(" ")[0]}`,
    freshPlace: () => makePlace(),
    [Symbol.asyncDispose]: async () => {
      await sql.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What autovacuum would do at some time. */
async function vacuum(address: string): Promise<void> {
  const sql = postgres(address, quiet);
  await sql`vacuum analyze`;
  await sql.end();
}
