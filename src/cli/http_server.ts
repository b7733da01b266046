/**
 * A web handler behind Node's own server, which Bun and Deno have too.
 *
 * @module
 */
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";

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
export function listen(handler: WebHandler, port: number, host: string): Promise<Listening> {
  const server = createServer((incoming, outgoing) => {
    answer(handler, incoming, outgoing).catch(() => outgoing.destroy());
  });
  const close = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
      server.close(() => {
        clearTimeout(timer);
        resolve();
      });
      server.closeIdleConnections();
    });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({ url: `http://${host.includes(":") ? `[${host}]` : host}:${port}`, close });
    });
  });
}

async function answer(
  handler: WebHandler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const request = toRequest(incoming);
  if (request === undefined) {
    outgoing.writeHead(400).end();
    return;
  }
  const response = await handler(request);
  outgoing.statusCode = response.status;
  response.headers.forEach((value, name) => outgoing.setHeader(name, value));
  outgoing.end(new Uint8Array(await response.arrayBuffer()));
}

/** `undefined` when the request has no host or path of a URL. */
function toRequest(incoming: IncomingMessage): Request | undefined {
  const { method = "GET", url = "/", headers } = incoming;
  const address = `http://${headers.host}${url}`;
  if (!headers.host || !url.startsWith("/") || !URL.canParse(address)) return undefined;
  const hasBody = method !== "GET" && method !== "HEAD";
  return new Request(address, {
    method,
    headers: toHeaders(incoming),
    ...(hasBody && { body: Readable.toWeb(incoming) as unknown as BodyInit, duplex: "half" }),
  });
}

function toHeaders({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i]!, rawHeaders[i + 1]!);
  return headers;
}
