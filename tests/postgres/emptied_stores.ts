import client from "postgres";
import { postgres, type PostgresOptions, type Sql } from "../../src/store/postgres.ts";
import type { OpenStore } from "../conformance/fixture.ts";

/** Stores that follow each other in one schema, on the same connections. Each finds it empty. */
export interface EmptiedStores {
  readonly open: OpenStore;
  /** Closes the connections. */
  readonly end: () => Promise<void>;
}

interface Schema {
  readonly name: string;
  /** A script that empties its tables. */
  readonly empty: string;
}

/** To make a schema for each store takes longer than most tests. A client given is ended too. */
export function emptiedStores(
  source: string | client.Sql,
  { prepare = true }: Pick<PostgresOptions, "prepare"> = {},
): EmptiedStores {
  const sql = typeof source === "string"
    ? client(source, { max: 4, fetch_types: false, onnotice: () => {} })
    : source;
  const emptied: Schema[] = [];
  let made = 0;
  return {
    open: async (options) => {
      // The one before is still in use by a test that ran out of time, or that opens two.
      const schema = emptied.pop() ?? await makeSchema(sql, `emptied_${++made}`);
      const store = await postgres(sql, {
        ...options,
        schema: schema.name,
        migrate: false,
        prepare,
        // What is tried here is what calls do, however busy the machine is.
        callTimeoutMs: 60_000,
      });
      return {
        store,
        close: async () => {
          await store.close();
          await sql.unsafe(schema.empty).simple?.();
          emptied.push(schema);
        },
      };
    },
    end: () => sql.end({ timeout: 2 }),
  };
}

async function makeSchema(sql: Sql, name: string): Promise<Schema> {
  await (await postgres(sql, { schema: name })).close();
  const tables = await sql.unsafe(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables " +
      "where schemaname = $1 and tablename <> 'migrations'",
    [name],
  );
  // To truncate takes fifty times as long: each table and each index is a file that is made anew.
  return { name, empty: tables.map(({ name }) => `delete from ${name};`).join("\n") };
}
