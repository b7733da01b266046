/**
 * The PostgreSQL that is measured: one of its own for each run, with its default settings, so that
 * a commit waits for the disk.
 *
 * @module
 */
import { readdirSync, readFileSync } from "node:fs";
import postgres from "postgres";
import { startServer } from "../../tests/postgres/server.ts";

/** A running server. It ends with its block. */
export interface BenchServer extends AsyncDisposable {
  readonly url: string;
  readonly version: string;
  /** Milliseconds of CPU that all its processes have used up to now. */
  readonly cpuMs: () => number;
}

/** Starts one. */
export async function startBenchServer(): Promise<BenchServer> {
  const server = await startServer({ fsync: true });
  const [row] = await query(
    server.url,
    "select current_setting('server_version') as version, pg_read_file('postmaster.pid') as pid",
  );
  const pid = Number.parseInt(row!.pid!);
  return {
    url: server.url,
    version: row!.version!.split(" ")[0]!,
    cpuMs: () => cpuMsOf(pid),
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

/** That of the process itself, of its children that have ended and of those that have not. */
function cpuMsOf(pid: number): number {
  const all = readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map(readStat);
  const ticks = all.reduce((sum, one) => {
    if (one?.pid === pid) return sum + one.own + one.ofEnded;
    return one?.parent === pid ? sum + one.own : sum;
  }, 0);
  return ticks * MS_PER_TICK;
}

// Linux counts CPU time in hundredths of a second, whatever the kernel's own clock.
const MS_PER_TICK = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly own: number;
  readonly ofEnded: number;
}

/** One process by /proc, unless it has just ended. */
function readStat(name: string): Stat | undefined {
  try {
    // The program's name, in brackets, may have spaces.
    const text = readFileSync(`/proc/${name}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    const number = (field: number) => Number(fields[field - 3]);
    return {
      pid: Number(name),
      parent: number(4),
      own: number(14) + number(15),
      ofEnded: number(16) + number(17),
    };
  } catch {
    return undefined;
  }
}
