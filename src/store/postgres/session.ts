/**
 * What the sessions of a database must be like. What they are not would show one job at a time, or one
 * claim, and long after the start.
 *
 * @module
 */
import type { Client } from "./client.ts";

/**
 * Refuses a database whose encoding is not UTF-8, since there is text that it refuses, and sessions
 * whose transactions do not see what others commit while they wait for it.
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
