/**
 * Jobs in Postgres 13 or later: many workers on many machines. Uses postgres.js, or any client with
 * an `unsafe(text, values)` of its shape. Every call is one statement without session state, so it
 * runs behind a transaction-mode pooler too.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import { checkInteger, checkOptionNames, type OptionNames } from "../job/checks.ts";
import type { Store } from "./store.ts";
import { readAddress } from "./postgres/address.ts";
import { Client, type Sql, type SqlFactory } from "./postgres/client.ts";
import {
  CallersClient,
  ClientForEachCall,
  Closable,
  connect,
  type Connections,
} from "./postgres/connections.ts";
import { checkSchema, checkSession, migrate, printMigrations } from "./postgres/migrations.ts";
import { checkSchemaName } from "./postgres/sql.ts";
import { PostgresStore } from "./postgres/store.ts";
import { withRetries } from "../timers.ts";

export type { Sql, SqlFactory };
export type { Row, SqlValue } from "./postgres/client.ts";

/** How a Postgres store is set up. */
export interface PostgresOptions {
  /** The schema that holds everything, made if it is not there. Default `hammerwork`. */
  readonly schema?: string | undefined;
  /** Whether the schema is brought to this version's first. Default true; false only checks it. */
  readonly migrate?: boolean | undefined;
  /**
   * Whether statements are prepared. Default true; false behind a transaction-mode pooler, and for a
   * URL with `pgbouncer=true`.
   */
  readonly prepare?: boolean | undefined;
  /** How long to try to reach the server at the start, in ms. Default: the URL's, else 10,000. */
  readonly connectTimeoutMs?: number | undefined;
  /**
   * How long a call may take until it is given up, in ms: an enqueue, a claim, an outcome, a
   * heartbeat; those that concern leases at most a third of the lease, but a second. Three times as
   * long for reads, cancellations, retries and maintenance, sixty times for a step of the schema. In a
   * caller's transaction there is no limit. Default 10,000.
   */
  readonly callTimeoutMs?: number | undefined;
  /** Whether to wait at the start until the server is there, however long. Default false. */
  readonly waitForServer?: boolean | undefined;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. Default 10,000. */
  readonly lostAnswerMs?: number | undefined;
  /** The store's clock, in ms since 1970. Default: the server's. */
  readonly now?: (() => number) | undefined;
}

const optionNames: OptionNames<PostgresOptions> = {
  schema: true,
  migrate: true,
  prepare: true,
  connectTimeoutMs: true,
  callTimeoutMs: true,
  waitForServer: true,
  lostAnswerMs: true,
  now: true,
};

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
  checkOptionNames("A Postgres store", options, optionNames);
  const schema = checkSchemaName(options.schema ?? "hammerwork");
  const { migrate: migrates = true, now, waitForServer } = options;
  const callTimeoutMs = checkMs("callTimeoutMs", options.callTimeoutMs ?? 10_000);
  const lostAnswerMs = checkMs("lostAnswerMs", options.lostAnswerMs ?? 10_000);
  const address = typeof source === "string" ? readAddress(source) : undefined;
  const connectTimeoutMs = checkMs(
    "connectTimeoutMs",
    options.connectTimeoutMs ?? address?.connectTimeoutMs ?? 10_000,
  );
  const connections = address === undefined
    ? connectionsOf(source as Sql | SqlFactory)
    : await connect(address, connectTimeoutMs);
  const prepare = options.prepare ?? address?.isPooled !== true;
  const client = new Client(new Closable(connections), { prepare, callTimeoutMs });
  const prepareSchema = async () => {
    await checkSession(client);
    await (migrates ? migrate(client, schema) : checkSchema(client, schema));
  };
  try {
    await untilReached(prepareSchema, waitForServer ? Infinity : connectTimeoutMs);
  } catch (error) {
    await client.close();
    throw error;
  }
  return new PostgresStore(client, { schema, now, lostAnswerMs, callTimeoutMs });
}

function connectionsOf(source: Sql | SqlFactory): Connections {
  if (typeof source !== "function" && !source) {
    throw new TypeError(
      `postgres() needs a URL, a client or a function that makes one: got ${source}`,
    );
  }
  // postgres.js's client is a function too, but one that can run a statement.
  const isClient = typeof (source as Partial<Sql>).unsafe === "function";
  return isClient ? new CallersClient(source as Sql) : new ClientForEachCall(source as SqlFactory);
}

function checkMs(name: string, value: number): number {
  return checkInteger(name, value, 1, 2_147_483_647);
}

/** The whole schema as plain SQL, to be applied by hand. */
export function postgresMigrations(schema: string = "hammerwork"): string {
  return printMigrations(checkSchemaName(schema));
}

/** Waits for a server that cannot be reached yet. */
function untilReached(work: () => Promise<void>, withinMs: number): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  return withRetries(work, (error, tries) => {
    if (!(error instanceof StoreUnavailableError)) throw error;
    const delayMs = Math.min(25 * 2 ** tries, 1_000);
    if (performance.now() + delayMs < giveUpAt) return delayMs;
    throw new StoreUnavailableError(
      `Postgres was not reached within ${withinMs} ms: ${reasonOf(error)}`,
      { cause: error.cause },
    );
  });
}

function reasonOf(error: Error): string {
  return error.cause instanceof Error ? error.cause.message : error.message;
}
