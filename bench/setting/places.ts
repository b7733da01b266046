/**
 * Where jobs live while they are measured: a new and empty place each time.
 *
 * @module
 */
import { join } from "node:path";
import { openTestDatabase } from "../../tests/postgres/database.ts";
import { temporaryFolder } from "../../tests/sqlite/workers/temporary_folder.ts";
import { awaitCommits } from "./awaited_commits.ts";
import type { BenchServer } from "./server.ts";

/** A store's place. It is gone with its block. */
export interface Place extends AsyncDisposable {
  readonly address: string;
}

/** A kind of store. */
export interface StoreKind {
  readonly name: string;
  readonly open: () => Promise<Place>;
  /** Milliseconds of CPU used so far outside of the process that has the store open. */
  readonly serverCpuMs?: () => number;
}

/** Each kind. */
export function everyKind(server: BenchServer): readonly StoreKind[] {
  return [memoryKind, sqliteKind, postgresKind(server)];
}

/** Jobs in the measured process's own memory. */
export const memoryKind: StoreKind = {
  name: "memory",
  open: () =>
    Promise.resolve({ address: "memory", [Symbol.asyncDispose]: () => Promise.resolve() }),
};

/** Jobs in a file, on the disk that temporary files are on. */
export const sqliteKind: StoreKind = {
  name: "SQLite",
  open: () => {
    const folder = temporaryFolder();
    return Promise.resolve({
      address: join(folder.path, "jobs.sqlite"),
      [Symbol.asyncDispose]: () => Promise.resolve(folder[Symbol.dispose]()),
    });
  },
};

/** Jobs in a database of a server. */
export function postgresKind({ url, cpuMs }: BenchServer): StoreKind {
  return {
    name: "Postgres",
    open: async () => {
      const database = await openTestDatabase(url);
      return { address: database.url, [Symbol.asyncDispose]: database.drop };
    },
    serverCpuMs: cpuMs,
  };
}

/** The same, with workers that wait for the disk too, which as they ship only enqueues do. */
export function waitingPostgresKind(server: BenchServer): StoreKind {
  const kind = postgresKind(server);
  return {
    ...kind,
    name: "Postgres, every commit awaited",
    open: async () => {
      const place = await kind.open();
      await awaitCommits(place.address);
      return place;
    },
  };
}
