/**
 * Making a worker's calls wait for the disk.
 *
 * @module
 */
import { postgres } from "../../src/store/postgres.ts";
import { query } from "./server.ts";

/** Changes the functions of a new schema, which ship with `synchronous_commit` off for workers. */
export async function awaitCommits(address: string): Promise<void> {
  const store = await postgres(address);
  await store.close();
  const asShipped = "'synchronous_commit', 'off'";
  const functions = await query(
    address,
    `select pg_get_functiondef(p.oid) as text from pg_proc p join pg_namespace n
      on n.oid = p.pronamespace where n.nspname = 'hammerwork' and p.prokind = 'f'`,
  );
  const shipped = functions.map(({ text }) => text!).filter((text) => text.includes(asShipped));
  if (shipped.length === 0) throw new Error(`Some function must set ${asShipped}: got none`);
  for (const text of shipped) {
    await query(address, text.replaceAll(asShipped, "'synchronous_commit', 'on'"));
  }
}
