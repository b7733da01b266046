/** A test's own database, on every runtime: workerd cannot start a server but can reach one. */

import process from "node:process";
import postgres from "postgres";

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** Removes it, even with open connections. */
  readonly drop: () => Promise<void>;
}

/** Why tests on PostgreSQL are left out here, if they are: the runner of the tests says so. */
export const whyNoDatabase: string | false = process.env.WHY_NO_DATABASE || false;

/** Makes an empty database on the server of the tests, or on the given one. */
export async function openTestDatabase(
  serverUrl?: string,
  options: string = "",
): Promise<TestDatabase> {
  const server = serverUrl ?? await testServer();
  const name = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  await execute(server, `create database ${name} ${options}`);
  const url = new URL(server);
  url.pathname = name;
  const drop = () => execute(server, `drop database if exists ${name} with (force)`);
  return { url: url.href, drop, [Symbol.asyncDispose]: drop };
}

async function execute(url: string, statement: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} });
  try {
    await sql.unsafe(statement);
  } finally {
    await sql.end();
  }
}

let ownServer: Promise<string> | undefined;

function testServer(): Promise<string> {
  const url = process.env.DATABASE_URL;
  return url ? Promise.resolve(url) : ownServer ??= startOwnServer();
}

// For a single file that is run by hand: this server ends with the process.
async function startOwnServer(): Promise<string> {
  const { startServer } = await import("./server.ts");
  return (await startServer()).url;
}
