/**
 * The store at an address: `memory`, a URL of Postgres or the path of a SQLite file.
 *
 * @module
 */
import { memory, type Store } from "../../mod.ts";

/** Opens it. Only the store that is measured is loaded. */
export async function openStore(address: string): Promise<Store> {
  if (address === "memory") return memory();
  if (address.startsWith("postgres:")) {
    const { postgres } = await import("../../src/store/postgres.ts");
    return await postgres(address) as unknown as Store;
  }
  const { sqlite } = await import("../../src/store/sqlite.ts");
  return await sqlite(address);
}
