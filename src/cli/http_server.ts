/**
 * A web handler behind the server of @hono/node-server, on Node's own, which Bun and Deno have too.
 *
 * @module
 */
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { FailedError } from "./errors.ts";

/** Answers a request. */
export type WebHandler = (request: Request) => Response | Promise<Response>;

/** A server that listens. */
export interface Listening {
  /** Where: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Takes no more requests, and lets those that run end, for a while. */
  readonly close: () => Promise<void>;
}

const CLOSE_WITHIN_MS = 5_000;

/** Listens; rejects with the system's error when the address cannot be had. */
export async function listen(
  handler: WebHandler,
  port: number,
  host: string,
): Promise<Listening> {
  const { createAdaptorServer } = await importServer();
  const options = { fetch: handler, hostname: host, overrideGlobalObjects: false };
  const server = createAdaptorServer(options) as Server;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://${host.includes(":") ? `[${host}]` : host}:${listening}`,
    close: () => closed(server),
  };
}

// Loaded here, so that all other commands do without it.
async function importServer(): Promise<typeof import("@hono/node-server")> {
  try {
    return await import("@hono/node-server");
  } catch (cause) {
    throw new FailedError(
      "hammerwork serve needs the package @hono/node-server: npm install @hono/node-server",
      { cause },
    );
  }
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
    server.close(() => {
      clearTimeout(timer);
      resolve();
    });
    server.closeIdleConnections();
  });
}
