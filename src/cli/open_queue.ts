/**
 * The queue over the store that the command line or the environment names.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { JobQueue } from "../queue/queue.ts";
import { postgres, type PostgresOptions } from "../store/postgres.ts";
import { isPostgresUrl, readAddress } from "../store/postgres/address.ts";
import { SchemaError } from "../store/schema_error.ts";
import { sqlite } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { asUsage, FailedError, UsageError } from "./errors.ts";
import type { Given } from "./given.ts";
import type { Io } from "./io.ts";

/** Where a store is. */
export type Place =
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string }
  | { readonly kind: "sqlite"; readonly path: string };

/** Somebody waits for the answer. */
const CONNECT_WITHIN_MS = 5_000;

/** Opens the queue for the length of some work. Nothing is made or migrated. */
export async function withQueue<T>(
  given: Given,
  io: Io,
  work: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const store = await openStore(placeOf(given, io), false);
  try {
    return await work(new JobQueue({ store }));
  } finally {
    await store.close();
  }
}

/** Opens the store; with `migrate` it is made where it is missing and brought to this version. */
export async function openStore(place: Place, migrate: boolean): Promise<Store> {
  try {
    return await openAt(place, migrate);
  } catch (error) {
    // What the library advises is for code.
    if (!(error instanceof SchemaError)) throw error;
    const advice = error.isMissing ? "makes one" : "updates it";
    throw new FailedError(`${error.finding}; hammerwork migrate ${advice}`, { cause: error });
  }
}

async function openAt(place: Place, migrate: boolean): Promise<Store> {
  if (place.kind === "sqlite") {
    loadSqliteSilently();
    if (migrate || existsSync(place.path)) return await sqlite(place.path, { migrate });
    throw new FailedError(`There is no SQLite file ${place.path}; hammerwork migrate makes one`);
  }
  const options: PostgresOptions = {
    schema: place.schema,
    migrate,
    connectTimeoutMs: CONNECT_WITHIN_MS,
  };
  return await postgres(place.url, options) as unknown as Store;
}

/** Node 22 warns that `node:sqlite` is experimental, in two lines: once, when it is loaded. */
function loadSqliteSilently(): void {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    process.getBuiltinModule?.("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Reads where the store is. No error repeats what was given: it may hold a password. */
export function placeOf(given: Given, io: Io): Place {
  const name = given.has("url") ? "--url" : "HAMMERWORK_URL";
  const url = given.text("url") ?? io.env.HAMMERWORK_URL;
  if (!url) {
    throw new UsageError(
      "No store is named: give --url or set HAMMERWORK_URL, to postgres://… or a SQLite file",
    );
  }
  if (isPostgresUrl(url)) {
    asUsage(name, () => readAddress(url));
    return { kind: "postgres", url, schema: given.text("schema") ?? "hammerwork" };
  }
  if (given.has("schema")) throw new UsageError("--schema is for Postgres only");
  return { kind: "sqlite", path: pathOf(name, url) };
}

function pathOf(name: string, url: string): string {
  if (url.startsWith("file://")) return fileURLToPath(url);
  const path = url.replace(/^(sqlite:(\/\/(?=\/))?|file:)/, "");
  // What looks like the address of a server is none of a file, which can be written as ./name.
  if (/^[a-z][\w+.-]+:/i.test(path) || /^[^./\\][^/\\]*@/.test(path) || path === "") {
    throw new UsageError(`${name} must be postgres://… or a SQLite file: got something else`);
  }
  return path;
}
