import { spawn } from "node:child_process";
import { accessSync, chownSync, constants, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import process from "node:process";
import postgres from "postgres";
import { until } from "../until.ts";
import { freePort } from "./free_port.ts";
import { guardedFolder } from "./guarded_folder.ts";
import { nobody } from "./nobody.ts";

/** A pgbouncer in transaction mode. It ends with its block, and with its process. */
export interface Pgbouncer extends AsyncDisposable {
  /** The same database of the same server, through it. */
  readonly url: string;
}

/** Why a test through pgbouncer is left out here, if it is. Where everything is proved, it is not. */
export function whyNoPgbouncer(): string | false {
  const mustBeThere = process.env.CI === "true";
  return mustBeThere || findPgbouncer() ? false : "pgbouncer is not installed";
}

/** Starts one with a pool of two connections to the server of the given database. */
export async function startPgbouncer(databaseUrl: string): Promise<Pgbouncer> {
  const executable = findPgbouncer();
  if (executable === undefined) {
    throw new Error("pgbouncer was expected on PATH, but is not there: apt-get install pgbouncer");
  }
  const folder = guardedFolder({ pidFile: "pgbouncer.pid", signal: "TERM" });
  const url = new URL(databaseUrl);
  const port = await freePort();
  const file = join(folder.path, "pgbouncer.ini");
  writeFileSync(file, configuration(url, port), { mode: 0o600 });
  const { uid, gid } = nobody;
  if (uid !== undefined && gid !== undefined) chownSync(file, uid, gid);
  spawn(executable, ["--quiet", file], {
    ...nobody,
    cwd: folder.path,
    detached: true,
    stdio: "ignore",
  }).unref();
  url.host = `127.0.0.1:${port}`;
  await until("pgbouncer answers", 10_000, () => answers(url.href));
  return { url: url.href, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

// Startup parameters that it cannot keep apart are refused, as they are by default.
function configuration({ hostname, port, username, password }: URL, listenPort: number): string {
  const server = [
    `host=${hostname} port=${port || 5432} user=${decodeURIComponent(username)}`,
    password && ` password='${decodeURIComponent(password)}'`,
  ].join("");
  return `
    [databases]
    * = ${server}

    [pgbouncer]
    listen_addr = 127.0.0.1
    listen_port = ${listenPort}
    unix_socket_dir =
    auth_type = any
    pool_mode = transaction
    default_pool_size = 2
    max_client_conn = 200
    pidfile = pgbouncer.pid
    logfile = log
  `.replaceAll(/^ +/gm, "");
}

function findPgbouncer(): string | undefined {
  // Debian puts it where only the administrator's PATH leads.
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin"];
  return folders.map((folder) => join(folder, "pgbouncer")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

async function answers(url: string): Promise<boolean> {
  const sql = postgres(url, { max: 1, prepare: false, connect_timeout: 1, backoff: false });
  try {
    await sql`select 1`;
    return true;
  } catch {
    return false;
  } finally {
    await sql.end();
  }
}
