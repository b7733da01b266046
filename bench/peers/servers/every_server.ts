/**
 * The servers of a run, each started when something first needs it.
 *
 * @module
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Contender } from "../contender.ts";
import type { Place } from "./place.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";

/** All of them. They end with their block. */
export interface Servers extends AsyncDisposable {
  /** Names and versions of those that run. */
  readonly versions: () => Promise<readonly string[]>;
  /** A place on the server that a contender needs. */
  readonly placeFor: (contender: Contender) => Promise<Place>;
  /** The one that can copy databases. */
  readonly postgres: () => Promise<PostgresServer>;
}

/** None of them runs yet. */
export function everyServer(): Servers {
  const postgres = once(startPostgres);
  const redis = once(startRedis);
  const running = () => Promise.all([postgres, redis].flatMap((one) => one.begun ?? []));
  return {
    versions: async () => (await running()).map(({ version }) => version),
    placeFor: async ({ server }) => {
      if (server === "none") return folder();
      return await (await (server === "redis" ? redis : postgres).begin()).freshPlace();
    },
    postgres: () => postgres.begin(),
    [Symbol.asyncDispose]: async () => {
      for (const server of await running()) await server[Symbol.asyncDispose]();
    },
  };
}

interface Once<T> {
  begun: Promise<T> | undefined;
  begin(): Promise<T>;
}

function once<T>(start: () => Promise<T>): Once<T> {
  return {
    begun: undefined,
    begin() {
      return this.begun ??= start();
    },
  };
}

function folder(): Place {
  const path = mkdtempSync(join(tmpdir(), "hammerwork-peers-"));
  return {
    name: path,
    address: join(path, "jobs.db"),
    serverPid: undefined,
    settle: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => {
      rmSync(path, { recursive: true });
      return Promise.resolve();
    },
  };
}
