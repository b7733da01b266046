/**
 * Opens the queue on the store that --url or HAMMERWORK_URL names.
 *
 * @module
 */
import { existsSync } from "node:fs";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { JobQueue } from "../queue/queue.ts";
import { postgres, type PostgresOptions } from "../store/postgres.ts";
import { isPostgresUrl, readAddress } from "../store/postgres/address.ts";
import { SchemaError } from "../job/errors.ts";
import { sqlite } from "../store/sqlite.ts";
import type { Store } from "../store/store.ts";
import { asUsage, FailedError, UsageError } from "./errors.ts";
import type { Arguments } from "./arguments.ts";
import type { Io } from "./io.ts";

/** Where a store is. */
export type Place =
  | { readonly kind: "postgres"; readonly url: string; readonly schema: string }
  | { readonly kind: "sqlite"; readonly path: string };

/** A person waits for the answer. */
const CONNECT_WITHIN_MS = 5_000;

/** Opens the queue, runs some work on it and closes it. It creates no file and no schema. */
export async function withQueue<T>(
  args: Arguments,
  io: Io,
  work: (queue: JobQueue) => Promise<T>,
): Promise<T> {
  const store = await openStore(placeOf(args, io), false);
  try {
    return await work(new JobQueue({ store }));
  } finally {
    await store.close();
  }
}

/** Opens the store; with `migrate`, creates or updates its schema. */
export async function openStore(place: Place, migrate: boolean): Promise<Store> {
  try {
    return await openAt(place, migrate);
  } catch (error) {
    // The advice of the library is for code, so it is replaced.
    if (!(error instanceof SchemaError)) throw error;
    const advice = error.isMissing ? "creates it" : "updates it";
    throw new FailedError(`${error.finding}; hammerwork migrate ${advice}`, { cause: error });
  }
}

async function openAt(place: Place, migrate: boolean): Promise<Store> {
  if (place.kind === "sqlite") {
    loadSqliteSilently();
    if (migrate || existsSync(place.path)) return await sqlite(place.path, { migrate });
    throw new FailedError(`There is no SQLite file ${place.path}; hammerwork migrate creates it`);
  }
  const options: PostgresOptions = {
    schema: place.schema,
    migrate,
    connectTimeoutMs: CONNECT_WITHIN_MS,
  };
  return await postgres(place.url, options) as unknown as Store;
}

/** Node 22 prints two lines of warning when it loads `node:sqlite`, once. */
export function loadSqliteSilently(): void {
  const { emitWarning } = process;
  process.emitWarning = () => {};
  try {
    process.getBuiltinModule?.("node:sqlite");
  } finally {
    process.emitWarning = emitWarning;
  }
}

/** Where the store is. Errors do not repeat the URL, which may contain a password. */
export function placeOf(args: Arguments, io: Io): Place {
  const name = args.has("url") ? "--url" : "HAMMERWORK_URL";
  const url = args.text("url") ?? io.env.HAMMERWORK_URL;
  if (!url) {
    throw new UsageError(
      "No store is given: set --url or HAMMERWORK_URL to postgres://… or a SQLite file",
    );
  }
  if (isPostgresUrl(url)) {
    asUsage(name, () => readAddress(url));
    return { kind: "postgres", url, schema: args.text("schema") ?? "hammerwork" };
  }
  if (args.has("schema")) throw new UsageError("--schema is for Postgres only");
  return { kind: "sqlite", path: filePathOf(name, url) };
}

function filePathOf(name: string, url: string): string {
  if (url.startsWith("file://")) return fileURLToPath(url);
  const path = url.replace(/^(sqlite:(\/\/(?=\/))?|file:)/, "");
  // A file whose name looks like the address of a server can be given as ./name.
  if (/^[a-z][\w+.-]+:/i.test(path) || /^[^./\\][^/\\]*@/.test(path) || path === "") {
    throw new UsageError(`${name} must be postgres://… or a SQLite file: got something else`);
  }
  return path;
}
