/**
 * A Redis of this benchmark's own, which writes each change to its file and to the disk each second.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import { freePort } from "../../../tests/postgres/free_port.ts";
import { guardedFolder } from "../../../tests/postgres/guarded_folder.ts";
import { nobody } from "../../../tests/postgres/nobody.ts";
import type { PlaceServer } from "./place.ts";

const program = "redis-server";
// As many as are in use at a time, and some more.
const databases = 16;

/** Starts it. */
export async function startRedis(): Promise<PlaceServer> {
  const version = findVersion();
  const folder = guardedFolder({ pidFile: "redis.pid", signal: "TERM" });
  const port = await freePort();
  const child = spawn(program, [
    ...["--bind", "127.0.0.1", "--port", String(port), "--pidfile", "redis.pid"],
    ...[
      "--databases",
      String(databases),
      "--appendonly",
      "yes",
      "--appendfsync",
      "everysec",
      "--save",
      "",
      "--loglevel",
      "warning",
    ],
  ], { ...nobody, cwd: folder.path, stdio: "ignore" });
  const redis = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
  // Until it listens.
  redis.on("error", () => {});
  await redis.ping();
  let made = 0;
  return {
    version,
    freshPlace: async () => {
      const database = made++ % databases;
      const flush = () => redis.multi().select(database).flushdb().exec();
      await flush();
      return {
        address: `redis://127.0.0.1:${port}/${database}`,
        serverPid: child.pid,
        settle: () => Promise.resolve(),
        [Symbol.asyncDispose]: async () => void await flush(),
      };
    },
    [Symbol.asyncDispose]: async () => {
      redis.disconnect();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function findVersion(): string {
  const { stdout, error } = spawnSync(program, ["--version"], { encoding: "utf8" });
  const version = /v=([\d.]+)/.exec(stdout ?? "")?.[1];
  if (error === undefined && version !== undefined) return `Redis ${version}`;
  throw new Error(`${program} was expected on PATH, as from: apt-get install redis-server`);
}
