/**
 * A Redis of this benchmark's own, which appends each change to its file, and writes that to the disk
 * each second, or before each answer.
 *
 * @module
 */
import { spawn, spawnSync } from "node:child_process";
import { Redis } from "ioredis";
import { freePort } from "../../../tests/postgres/free_port.ts";
import { guardedFolder } from "../../../tests/postgres/guarded_folder.ts";
import { nobody } from "../../../tests/postgres/nobody.ts";
import type { Place, RunningServer } from "./place.ts";

/** A running server with databases to give. */
export interface RedisServer extends RunningServer {
  /** Gives an empty one. The server may wait for its disk before it answers. */
  readonly freshPlace: (how: { readonly waitsForDisk: boolean }) => Promise<Place>;
}

const program = "redis-server";
const settings = {
  bind: "127.0.0.1",
  pidfile: "redis.pid",
  // As many as are in use at a time, and some more.
  databases: 16,
  appendonly: "yes",
  save: "",
  loglevel: "warning",
};

/** Starts it. */
export async function startRedis(): Promise<RedisServer> {
  const version = findVersion();
  const folder = guardedFolder({ pidFile: "redis.pid", signal: "TERM" });
  const port = await freePort();
  const child = spawn(program, argumentsOf({ ...settings, port }), {
    ...nobody,
    cwd: folder.path,
    stdio: "ignore",
  });
  const redis = new Redis(port, "127.0.0.1", { maxRetriesPerRequest: null });
  // Until it listens.
  redis.on("error", () => {});
  await redis.ping();
  let made = 0;
  return {
    version,
    freshPlace: async ({ waitsForDisk }) => {
      const database = made++ % settings.databases;
      const flush = () => redis.multi().select(database).flushdb().exec();
      await flush();
      await redis.config("SET", "appendfsync", waitsForDisk ? "always" : "everysec");
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

function argumentsOf(settings: Readonly<Record<string, string | number>>): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, String(value)]);
}
