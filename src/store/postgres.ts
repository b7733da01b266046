/**
 * Jobs in Postgres 13 or later: many workers on many machines. Uses postgres.js, or any client with
 * an `unsafe(text, values)` of its shape. Every call is one statement without session state, so it
 * runs behind a transaction-mode pooler too.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { checkInteger } from "../job/job_options.ts";
import type { Store } from "./store.ts";
import { Client, type Sql, type SqlFactory } from "./postgres/client.ts";
import { checkEncoding } from "./postgres/encoding.ts";
import { checkSchema, migrate, printMigrations } from "./postgres/migrations.ts";
import { checkSchemaName } from "./postgres/names.ts";
import { connect } from "./postgres/connect.ts";
import { PostgresStore } from "./postgres/store.ts";

export type { Sql, SqlFactory };
export type { Row, SqlValue } from "./postgres/client.ts";

/** How a Postgres store is set up. */
export interface PostgresOptions {
  /** The schema that holds everything, made if it is not there. Default `hammerwork`. */
  readonly schema?: string | undefined;
  /** Whether the schema is brought to this version's first. Default true; false only checks it. */
  readonly migrate?: boolean | undefined;
  /** Whether statements are prepared. Default true; false behind a transaction-mode pooler. */
  readonly prepare?: boolean | undefined;
  /** How long to try to reach the server at the start, in ms. Default 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /** Whether to wait at the start until the server is there, however long. Default false. */
  readonly waitForServer?: boolean | undefined;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. Default 10,000. */
  readonly lostAnswerMs?: number | undefined;
  /** The store's clock, in ms since 1970. Default: the server's. */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens a schema of a Postgres database as a store.
 *
 * @param source A URL; or a client, which stays the caller's to close; or a function that makes a
 * client, which is then made and closed for each call, as workerd needs it.
 * @throws {StoreUnavailableError} when the server cannot be reached in time.
 * @throws {RangeError} when the database's encoding is not UTF-8, or the schema was written by a version
 * that this one cannot work with.
 */
export async function postgres(
  source: string | Sql | SqlFactory,
  options: PostgresOptions = {},
): Promise<Store<Sql>> {
  const schema = checkSchemaName(options.schema ?? "hammerwork");
  const connectTimeoutMs = checkInteger(
    "connectTimeoutMs",
    options.connectTimeoutMs ?? 10_000,
    1,
    2_147_483_647,
  );
  if (typeof source !== "string" && typeof source !== "function" && !source) {
    throw new TypeError(
      `postgres() needs a URL, a client or a function that makes one: got ${source}`,
    );
  }
  const { sql, end } = typeof source === "string"
    ? await connect(source, connectTimeoutMs)
    : { sql: source, end: () => Promise.resolve() };
  const client = new Client(sql, options.prepare ?? true);
  const prepareSchema = async () => {
    await checkEncoding(client);
    await (options.migrate ?? true ? migrate(client, schema) : checkSchema(client, schema));
  };
  try {
    await untilReached(prepareSchema, options.waitForServer ? Infinity : connectTimeoutMs);
  } catch (error) {
    await end();
    throw error;
  }
  const { now, lostAnswerMs = 10_000 } = options;
  return new PostgresStore(client, { schema, now, lostAnswerMs, end });
}

/** The whole schema as plain SQL, for whoever applies it by hand. */
export function postgresMigrations(schema: string = "hammerwork"): string {
  return printMigrations(checkSchemaName(schema));
}

async function untilReached(work: () => Promise<void>, withinMs: number): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  for (let waitMs = 50;; waitMs = Math.min(waitMs * 2, 1_000)) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (performance.now() + waitMs >= giveUpAt) {
        throw new StoreUnavailableError(
          `Postgres was not reached within ${withinMs} ms: ${reasonOf(error)}`,
          { cause: error.cause },
        );
      }
    }
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
