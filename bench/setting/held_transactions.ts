/**
 * Transactions that stay open and keep a server from reclaiming what is dead.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import postgres from "postgres";

/** Who holds them. */
export type Holder = "nobody" | "a transaction with an xid" | "four repeatable-read readers";

const quiet = { max: 1, onnotice: () => {} };
const readers = 4;

/** Holds for as long as its block lasts. Readers follow each other: each has a snapshot for so long. */
export async function hold(
  address: string,
  holder: Holder,
  { readMs }: { readonly readMs: number },
): Promise<AsyncDisposable> {
  switch (holder) {
    case "nobody":
      return { [Symbol.asyncDispose]: () => Promise.resolve() };
    case "a transaction with an xid":
      return await holdXid(address);
    case "four repeatable-read readers":
      return holdSnapshots(address, readMs);
  }
}

async function holdXid(address: string): Promise<AsyncDisposable> {
  const sql = postgres(address, quiet);
  await sql.unsafe("begin; select pg_current_xact_id()").simple();
  return { [Symbol.asyncDispose]: () => sql.end({ timeout: 0 }) };
}

/** Each begins anew when it has read, at another time than the others: one is always old. */
function holdSnapshots(address: string, readMs: number): AsyncDisposable {
  const over = new AbortController();
  const connections = Array.from({ length: readers }, () => postgres(address, quiet));
  const pause = (ms: number) => setTimeout(ms, undefined, { signal: over.signal }).catch(() => {});
  const read = async (sql: postgres.Sql, waitMs: number) => {
    await begin(sql);
    await pause(waitMs);
    while (!over.signal.aborted) {
      await begin(sql);
      await pause(readMs);
    }
  };
  const reading = connections.map((sql, i) => read(sql, (i + 1) * readMs / readers));
  return {
    [Symbol.asyncDispose]: async () => {
      over.abort();
      await Promise.all(reading);
      await Promise.all(connections.map((sql) => sql.end({ timeout: 0 })));
    },
  };
}

async function begin(sql: postgres.Sql): Promise<void> {
  await sql.unsafe("rollback; begin isolation level repeatable read; select count(*) from pg_class")
    .simple();
}
