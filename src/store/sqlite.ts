/**
 * Jobs in one SQLite file: durable, embedded, shared by the processes of one machine. Needs a runtime
 * with `node:sqlite`: Node 22.13 or later, Bun, Deno.
 *
 * ```ts
 * import { JobQueue } from "hammerwork";
 * import { sqlite } from "hammerwork/sqlite";
 * import assert from "node:assert/strict";
 *
 * await using queue = new JobQueue({ store: await sqlite(":memory:") });
 * await queue.enqueue("email_queue", { to: "a@example.com" });
 * assert.equal((await queue.find()).jobs.length, 1);
 * ```
 *
 * @module
 */
import { checkOptionNames } from "../job/checks.ts";
import type { Store } from "./store.ts";
import { openDatabase } from "./sqlite/database.ts";
import { checkSchema, migrate, migrations } from "./sqlite/migrations.ts";
import { SqliteTable } from "./sqlite/table.ts";
import { synchronousStore } from "./transitions/synchronous_store.ts";

/** How a SQLite store is set up. */
export interface SqliteOptions {
  /**
   * Whether the file is made where it is missing, and brought to this version's schema. Default true;
   * false only checks both.
   */
  readonly migrate?: boolean | undefined;
  /** How long a call waits for a file that another process has locked, in ms. Default 5,000. */
  readonly busyTimeoutMs?: number | undefined;
  /** The store's clock, in ms since 1970. Default `Date.now`. Processes on one file must agree. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a SQLite file as a store; it is made if it is not there, and brought to this version's
 * schema, unless `migrate` is false. Its tables are named `hammerwork_…`, so the file may be an application's own.
 *
 * @throws {TypeError} on a runtime without `node:sqlite`.
 * @throws {RangeError} when the file was written by a newer version of this library, or has not this
 * version's schema and is not to be brought to it.
 * @throws {StoreUnavailableError} when the file cannot be opened or stays locked.
 */
export async function sqlite(
  path: string,
  options: SqliteOptions = {},
): Promise<Store> {
  checkOptionNames("A SQLite store", options, { migrate: true, busyTimeoutMs: true, now: true });
  const { busyTimeoutMs = 5_000, now = Date.now } = options;
  const migrates = options.migrate ?? true;
  const database = openDatabase(path, busyTimeoutMs, !migrates);
  try {
    await (migrates ? migrate(database) : checkSchema(database));
    database.opened();
  } catch (error) {
    await database.close();
    throw error;
  }
  return synchronousStore(new SqliteTable(database), {
    name: "sqlite()",
    now: () => Math.floor(now()),
    // Whether wake-ups by other processes arrive depends on the system; asking costs microseconds.
    hints: { pollMs: 100 },
  });
}

/** The whole schema as plain SQL, to be applied by hand. */
export function sqliteMigrations(): string {
  return migrations.map(({ sql }) => sql.trim()).join("\n\n") + "\n";
}
