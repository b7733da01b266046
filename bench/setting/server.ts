/**
 * The PostgreSQL that is measured: one of its own for each run, with its default settings, so that
 * a commit waits for the disk.
 *
 * @module
 */
import postgres from "postgres";
import { startServer } from "../../tests/postgres/server.ts";
import { serverCpuMs } from "./cpu_time.ts";

/** A running server. It ends with its block. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** Milliseconds of CPU that all its processes have used up to now. */
  readonly cpuMs: () => number;
}

/** Starts one, of the programs of a folder if one is given. */
export async function startBenchServer(programs?: string): Promise<BenchServer> {
  const server = await startServer({ fsync: true, ...programs !== undefined && { programs } });
  const [row] = await query(
    server.url,
    "select current_setting('server_version') as version, pg_read_file('postmaster.pid') as pid",
  );
  const pid = Number.parseInt(row!.pid!);
  return {
    url: server.url,
    version: row!.version!.split(" ")[0]!,
    cpuMs: () => serverCpuMs(pid),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Runs statements on a connection of their own. */
export async function query(
  url: string,
  text: string,
): Promise<readonly Readonly<Record<string, string>>[]> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    return await sql.unsafe(text).simple();
  } finally {
    await sql.end();
  }
}
