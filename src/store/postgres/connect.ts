/**
 * Connections of our own, for whoever gives only a URL.
 *
 * @module
 */
import type { Address } from "./address.ts";
import { type Connections, OwnConnections } from "./connections.ts";
import { type Driver, PostgresClients } from "./own_clients.ts";

const USUAL_COUNT = 4;

/** Makes connections, which connect when they are first used. */
export async function connect(address: Address, connectTimeoutMs: number): Promise<Connections> {
  const clients = new PostgresClients(await importPostgres(), address, connectTimeoutMs);
  return new OwnConnections(clients, address.connectionLimit ?? USUAL_COUNT);
}

// Loaded here rather than imported above, so that its absence is a sentence and not a module error.
async function importPostgres(): Promise<Driver> {
  try {
    const { default: postgres } = await import("postgres") as unknown as { default: Driver };
    return postgres;
  } catch (cause) {
    throw new Error("postgres(url) needs the package postgres: npm install postgres", { cause });
  }
}
