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
import { countingStatements } from "../../setting/statement_work.ts";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { startRedis } from "./redis.ts";

/** All of them. They end with their block. */
export interface Servers extends AsyncDisposable {
  /** Names and versions of those that run. */
  readonly versions: () => Promise<readonly string[]>;
  /** A PostgreSQL that counts its statements, beside the one of places. */
  readonly countingPostgres: () => Promise<PostgresServer>;
  /** A place where a contender needs it. */
  readonly placeFor: (contender: Contender) => Promise<Place>;
}

/** None of them runs yet. */
export function everyServer(): Servers {
  const postgres = once(() => startPostgres());
  const counting = once(() => startPostgres(countingStatements));
  const redis = once(startRedis);
  const running = () => Promise.all([postgres, counting, redis].flatMap((one) => one.begun ?? []));
  return {
    versions: async () => [...new Set((await running()).map(({ version }) => version))],
    countingPostgres: () => counting.begin(),
    placeFor: async ({ home }) => {
      if (home === "memory" || home === "file") return folder();
      if (home === "postgres") return await (await postgres.begin()).freshPlace();
      return await (await redis.begin()).freshPlace({ waitsForDisk: home === "careful redis" });
    },
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
    address: join(path, "jobs.db"),
    serverPid: undefined,
    settle: () => Promise.resolve(),
    [Symbol.asyncDispose]: () => {
      rmSync(path, { recursive: true });
      return Promise.resolve();
    },
  };
}
