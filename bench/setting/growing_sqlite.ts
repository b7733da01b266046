/**
 * Growing and disturbing in a SQLite file.
 *
 * @module
 */
import { DatabaseSync } from "node:sqlite";
import type { Growing } from "./growing.ts";

const hex = (digits: number) => `lower(hex(randomblob(${digits / 2})))`;

/** What a copy of a row does not have from it; `i` counts the copies. */
const own: Readonly<Record<string, string>> = {
  // In the order of time, as ids are.
  id: `printf('%08x-0000-7000-8000-', i) || ${hex(12)}`,
  trace_id: hex(32),
  correlation_id: "'order-' || i",
  // A million of them have ended within the seven days for which they are kept.
  finished_at: "finished_at - i * 500",
};

/** By SQL of its own kind. */
export const growingSqlite: Growing = {
  multiply: (address, { status }, rows) =>
    within(address, (database) => {
      const columns = database.prepare(
        "select name from pragma_table_info('hammerwork_jobs') where pk = 0",
      ).all() as unknown as readonly { readonly name: string }[];
      const names = columns.map(({ name }) => name);
      database.exec(
        `with recursive counted (i) as (select 1 union all select i + 1 from counted where i < ${rows})
          insert into hammerwork_jobs (${names.join(", ")})
          select ${names.map((name) => own[name] ?? name).join(", ")}
          from (select * from hammerwork_jobs where status = '${status}'), counted`,
      );
    }),
  analyzeForGood: (address) => within(address, (database) => database.exec("analyze")),
  // deno-lint-ignore require-await
  holdSnapshot: async (address) => {
    const database = new DatabaseSync(address);
    database.exec("begin; select count(*) from hammerwork_jobs");
    return { [Symbol.asyncDispose]: () => Promise.resolve(database.close()) };
  },
  tidy: (address) =>
    within(address, (database) => database.exec("pragma wal_checkpoint(truncate); analyze")),
};

// deno-lint-ignore require-await
async function within(address: string, work: (database: DatabaseSync) => void): Promise<void> {
  const database = new DatabaseSync(address);
  try {
    work(database);
  } finally {
    database.close();
  }
}
