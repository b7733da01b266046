/**
 * A client of our own, for whoever gives only a URL.
 *
 * @module
 */
import type { Sql } from "./client.ts";

/** A client and how to close it. */
export interface Connection {
  readonly sql: Sql;
  readonly end: () => Promise<void>;
}

/** Makes a client of postgres.js, which connects when it is first used. */
export async function connect(url: string, connectTimeoutMs: number): Promise<Connection> {
  const postgres = await importPostgres();
  const sql = postgres(url, {
    max: 4,
    // Every value is read as text or number, so the types need not be asked for.
    fetch_types: false,
    // Its own wait between tries grows to 20 s, long after a server is back.
    backoff: (tries: number) => Math.min(0.05 * 2 ** tries, 1) * (0.5 + Math.random() / 2),
    connect_timeout: Math.max(1, Math.ceil(connectTimeoutMs / 1_000)),
    onnotice: () => {},
    connection: { application_name: "hammerwork" },
  });
  return { sql, end: () => sql.end!({ timeout: 2 }) };
}

// Loaded here rather than imported above, so that its absence is a sentence and not a module error.
async function importPostgres(): Promise<(url: string, options: object) => Sql> {
  try {
    const { default: postgres } = await import("postgres") as unknown as {
      default: (url: string, options: object) => Sql;
    };
    return postgres;
  } catch (cause) {
    throw new Error("postgres(url) needs the package postgres: npm install postgres", { cause });
  }
}
