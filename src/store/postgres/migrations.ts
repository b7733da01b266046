/**
 * The database and its schema: what the sessions must be like, and the tables and functions, step by
 * step. A step that has been released never changes; new ones are added, and
 * only add, so that the version before continues to work beside the new one during a rollout.
 *
 * @module
 */
import { SchemaError } from "../../job/errors.ts";
import { addFunctions } from "./functions/add.ts";
import type { Client } from "./client.ts";
import { codeOf } from "./errors.ts";
import { quoted, quotedText } from "./sql.ts";
import { cancelFunctions } from "./functions/cancel.ts";
import { endedFunctions } from "./functions/ended.ts";
import { endFunctions } from "./functions/end.ts";
import { removeFunctions } from "./functions/remove.ts";
import { rescheduleFunctions } from "./functions/reschedule.ts";
import { retryFunctions } from "./functions/retry.ts";
import { settleAndClaimFunctions } from "./functions/settle_and_claim.ts";
import { leaseFunctions } from "./functions/leases.ts";
import { queueSettingsFunctions } from "./functions/queue_settings.ts";
import { tables } from "./tables.ts";

/** One step of the schema. */
export interface Migration {
  /** Counted from 1, without gaps. */
  readonly version: number;
  /** The oldest version that a library must know to work with the schema after this step. */
  readonly requires: number;
  /** What it changes. */
  readonly sql: (schema: string, channel: string) => string;
}

/** Every step, in order. */
export const migrations: readonly Migration[] = [{
  version: 1,
  requires: 1,
  sql: (schema, channel) =>
    tables(schema) + endFunctions(schema) + settleAndClaimFunctions(schema) +
    leaseFunctions(schema) + retryFunctions(schema) + cancelFunctions(schema, channel) +
    rescheduleFunctions(schema) + removeFunctions(schema) +
    queueSettingsFunctions(schema, channel) +
    addFunctions(schema, channel) + endedFunctions(schema),
}];

/** The whole schema as plain SQL. */
export function printMigrations(schema: string): string {
  const steps = [bootstrap(schema), ...migrations.map((one) => script(one, schema))];
  return steps.map((step) => `begin;\n${step.trim()}\ncommit;\n`).join("\n");
}

/** Brings the schema to the newest version. Any number of processes may do so at once. */
export async function migrate(client: Client, schema: string): Promise<void> {
  let version = await versionOf(client, schema);
  if (version === undefined) {
    await unlessDone(client.script(bootstrap(schema)));
    version = 0;
  }
  for (const migration of migrations) {
    if (migration.version > version) await unlessDone(client.script(script(migration, schema)));
  }
  await checkSchema(client, schema);
}

/**
 * Refuses a database whose encoding is not UTF-8, since it cannot store every text, and sessions whose
 * transactions do not see what others commit while they wait for it: each would show only later, in one
 * job or one claim.
 */
export async function checkSession(client: Client): Promise<void> {
  const [row] = await client.query(
    "select current_setting('server_encoding') as encoding, " +
      "current_setting('transaction_isolation') as isolation",
  );
  if (row?.encoding !== "UTF8") {
    throw new RangeError(
      `The Postgres database must have the encoding UTF8: got ${row?.encoding}. ` +
        "Make one with: create database … encoding 'UTF8' template template0",
    );
  }
  if (row.isolation !== "read committed") {
    throw new RangeError(
      `The transaction isolation of the connections must be read committed: got ${row.isolation}. ` +
        "Set default_transaction_isolation so for the role or the database, or in the client",
    );
  }
}

/** Refuses a schema that this version of the library cannot work with. */
export async function checkSchema(client: Client, schema: string): Promise<void> {
  const version = await versionOf(client, schema);
  if (version === undefined || version < newest()) {
    throw new SchemaError(
      `The Postgres schema "${schema}" must have version ${newest()}: got ${version ?? "none"}`,
      version === undefined,
      "Open the store with migrate: true once, or apply postgresMigrations()",
    );
  }
}

/** The newest step that was applied; `undefined` when there is no schema. */
async function versionOf(client: Client, schema: string): Promise<number | undefined> {
  let row: { version?: unknown; requires?: unknown } | undefined;
  try {
    [row] = await client.query(
      `select coalesce(max(version), 0)::integer as version, ` +
        `coalesce(max(requires), 0)::integer as requires from ${quoted(schema)}.migrations`,
    );
  } catch (error) {
    if (codeOf(error) === UNDEFINED_TABLE || codeOf(error) === UNDEFINED_SCHEMA) return undefined;
    throw error;
  }
  const [version, requires] = [Number(row?.version), Number(row?.requires)];
  if (requires > newest()) {
    throw new RangeError(
      `The Postgres schema "${schema}" must be one that version ${newest()} can work with: got ` +
        `version ${version}, which needs ${requires}. Update hammerwork`,
    );
  }
  return version;
}

const UNDEFINED_TABLE = "42P01";
const UNDEFINED_SCHEMA = "3F000";

function bootstrap(schema: string): string {
  const name = quoted(schema);
  // Only made where it is missing: to make one is a right that an application may not have.
  return `do $$ begin
  if to_regnamespace(${quotedText(name)}) is null then create schema ${name}; end if;
end $$;
create table if not exists ${name}.migrations (
  version integer primary key,
  requires integer not null,
  applied_at timestamptz not null default now()
);
`;
}

/** Its entry comes first: a second process waits there until the first is done, and is refused then. */
function script({ version, requires, sql }: Migration, schema: string): string {
  const name = quoted(schema);
  return `insert into ${name}.migrations (version, requires) values (${version}, ${requires});
${sql(name, quotedText(schema))}`;
}

/** Runs a script; that another process has done the same at the same moment is no error. */
async function unlessDone(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!DONE_BY_ANOTHER.includes(codeOf(error))) throw error;
  }
}

// unique_violation, duplicate_schema, duplicate_table, and what two simultaneous creations give.
const DONE_BY_ANOTHER: readonly string[] = ["23505", "42P06", "42P07", "XX000"];

function newest(): number {
  return migrations.at(-1)!.version;
}
