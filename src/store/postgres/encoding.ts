/**
 * The encoding of the database: in any other than UTF-8 there is text that it refuses, one job at a
 * time and long after the start.
 *
 * @module
 */
import type { Client } from "./client.ts";

/** Refuses a database whose encoding is not UTF-8. */
export async function checkEncoding(client: Client): Promise<void> {
  const [row] = await client.query("select current_setting('server_encoding') as encoding");
  if (row?.encoding === "UTF8") return;
  throw new RangeError(
    `The Postgres database must have the encoding UTF8: got ${row?.encoding}. ` +
      "Make one with: create database … encoding 'UTF8' template template0",
  );
}
