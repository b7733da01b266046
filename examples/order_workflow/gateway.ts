/** A payment gateway for the example, on loopback; it is sometimes too busy. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export interface Gateway {
  readonly url: string;
  close(): Promise<void>;
}

// The first request for every third payment is refused.
const REFUSED_EVERY = 3;

/** Starts it on a free port. */
export async function startGateway(): Promise<Gateway> {
  const keys = new Set<string>();
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => answer(request, response, keys));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

function answer(request: IncomingMessage, response: ServerResponse, keys: Set<string>): void {
  const key = request.headers["idempotency-key"];
  if (request.url !== "/payments" || typeof key !== "string") {
    response.writeHead(400).end();
    return;
  }
  const isNew = !keys.has(key);
  keys.add(key);
  if (isNew && keys.size % REFUSED_EVERY === 0) {
    response.writeHead(503).end();
    return;
  }
  response.writeHead(200, { "content-type": "application/json" })
    .end(JSON.stringify({ paymentId: paymentIdOf(key) }));
}

/** The same key gives the same payment, also after a restart. */
function paymentIdOf(key: string): string {
  return `pay_${createHash("sha256").update(key).digest("hex").slice(0, 12)}`;
}
