/** Stands in for the backend that another SDK sends its spans to. */

import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";

/** What was sent. */
export interface Sent {
  readonly path: string;
  readonly body: Uint8Array;
}

/** A backend on the loopback interface. */
export interface StandIn {
  readonly port: number;
  /** What came so far. */
  readonly sent: readonly Sent[];
  readonly close: () => Promise<void>;
}

/**
 * Opens one. A tracer may have to be there before `node:http` is loaded, so it is only now. It answers everything
 * with an empty object, which each of the SDKs takes for success.
 */
export async function openStandIn(): Promise<StandIn> {
  const { createServer } = await import("node:http");
  const sent: Sent[] = [];
  const server = createServer(async (request, response) => {
    const parts: Uint8Array[] = [];
    for await (const part of request) parts.push(part as Uint8Array);
    const body = Buffer.concat(parts);
    const isZipped = request.headers["content-encoding"] === "gzip";
    sent.push({ path: request.url ?? "", body: isZipped ? gunzipSync(body) : body });
    response.setHeader("content-type", "application/json");
    response.end("{}");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    sent,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
