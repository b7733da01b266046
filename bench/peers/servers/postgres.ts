/**
 * A PostgreSQL of this benchmark's own, which waits for its disk, and a new database for each
 * measurement.
 *
 * @module
 */
import postgres, { type Sql } from "postgres";
import { startServer } from "../../../tests/postgres/server.ts";
import { parentOf } from "./cpu_time.ts";
import type { Place, PlaceServer } from "./place.ts";

/** A running server with databases to give. */
export interface PostgresServer extends PlaceServer {
  /** Makes a database as another one is. Nobody may be connected to that. */
  readonly copyOf: (database: string) => Promise<Place>;
}

/** Starts it. */
export async function startPostgres(): Promise<PostgresServer> {
  const server = await startServer({
    fsync: true,
    settings: { shared_buffers: "512MB", max_connections: 400, max_wal_size: "4GB" },
  });
  const sql = postgres(server.url, { max: 1, onnotice: () => {} });
  const [row] =
    await sql`select pg_backend_pid() as pid, current_setting('server_version') as version`;
  const serverPid = parentOf(row!.pid);
  let made = 0;
  const makePlace = async (template?: string): Promise<Place> => {
    const name = `bench_${++made}`;
    await sql.unsafe(
      `create database ${name}${
        template === undefined ? "" : ` template ${template} strategy file_copy`
      }`,
    );
    const address = Object.assign(new URL(server.url), { pathname: name }).href;
    return {
      name,
      address,
      serverPid,
      settle: () => settle(address, sql),
      [Symbol.asyncDispose]: async () =>
        void await sql.unsafe(`drop database ${name} with (force)`),
    };
  };
  return {
    version: `PostgreSQL ${row!.version}`,
    freshPlace: () => makePlace(),
    copyOf: (database) => makePlace(database),
    [Symbol.asyncDispose]: async () => {
      await sql.end();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** What autovacuum would do some time, and a checkpoint would in the middle of a measurement. */
async function settle(address: string, server: Sql): Promise<void> {
  const sql = postgres(address, { max: 1, onnotice: () => {} });
  await sql`vacuum analyze`;
  await sql.end();
  await server`checkpoint`;
}
