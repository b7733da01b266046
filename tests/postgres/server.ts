import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "./free_port.ts";
import { guardedFolder } from "./guarded_folder.ts";
import { nobody } from "./nobody.ts";
import { serverPrograms } from "./server_programs.ts";

/** A PostgreSQL of its own for its caller. It ends with its block, and with its process. */
export interface Server extends AsyncDisposable {
  /** Its first database, as a superuser. */
  readonly url: string;
  /** Stops it: sessions are ended, or nothing is put in order at all, as in a crash. */
  readonly stop: (mode: "fast" | "immediate") => Promise<void>;
  /** Starts it again on the same port with the same data. */
  readonly start: () => Promise<void>;
}

export interface ServerOptions {
  /** Whether a commit waits for the disk. Without, data outlives a crash of the server all the same. */
  readonly fsync?: boolean;
  /** More settings of the server, or others. */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** The folder of another PostgreSQL's programs. */
  readonly programs?: string;
}

/** Makes a new data folder and starts a server in it. */
export async function startServer(
  { fsync = false, settings = {}, programs }: ServerOptions = {},
): Promise<Server> {
  const folder = guardedFolder({ pidFile: "data/postmaster.pid", signal: "QUIT" });
  const bin = programs ?? serverPrograms(folder.path);
  const run = (program: string, ...args: string[]) =>
    runAsNobody(join(bin, program), ["-D", "data", ...args], folder.path);
  const port = await freePort();
  const start = () => run("pg_ctl", "start", "--wait", "--silent", "--log", "log");
  await run("initdb", ...sameEverywhere);
  const file = join(folder.path, "data", "postgresql.conf");
  appendFileSync(file, settingLines({ ...standardSettings(port, fsync), ...settings }));
  await start();
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    stop: (mode) => run("pg_ctl", "stop", "--wait", "--silent", "--mode", mode),
    start,
    [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose](),
  };
}

// Neither the order of text nor the time zone is that of the wire: a store must not depend on them.
const sameEverywhere = [
  ...["--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync"],
  ...["--locale-provider", "icu", "--icu-locale", "en", "--locale", "C"],
];

function standardSettings(port: number, fsync: boolean): Record<string, string | number> {
  return {
    timezone: "Asia/Kolkata",
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "",
    max_connections: 200,
    fsync: fsync ? "on" : "off",
    full_page_writes: fsync ? "on" : "off",
  };
}

// In the file and not as arguments of initdb, which takes none before version 16.
function settingLines(settings: Readonly<Record<string, string | number>>): string {
  return Object.entries(settings).map(([name, value]) => `${name} = '${value}'\n`).join("");
}

async function runAsNobody(
  executable: string,
  args: readonly string[],
  cwd: string,
): Promise<void> {
  const child = spawn(executable, args, { ...nobody, cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => output += text);
  const [exitCode] = await once(child, "close");
  if (exitCode !== 0) throw new Error(`${executable} ${args.join(" ")} failed: ${output}`);
}
