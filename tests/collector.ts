/**
 * A real HTTP server that plays an OTLP endpoint for the tests of every runtime, also of those that
 * can start no server. Each test has a box of its own: what comes after its name is the path.
 *
 * - `POST /{box}/v1/traces` is kept and answered, with `{}` unless the box has a script.
 * - `GET /{box}` tells what came, in order.
 * - `PUT /{box}/script` sets the answers to the next posts.
 */

import { once } from "node:events";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";

export interface Collector {
  readonly url: string;
  readonly close: () => Promise<void>;
  /** Lets the process end while the collector still listens. */
  readonly unref: () => void;
}

/** A request as the collector kept it. */
export interface Received {
  readonly method: string;
  /** Without the box: `/v1/traces`. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** As text, and no longer compressed. */
  readonly body: string;
}

/** How to answer a post. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: boolean;
}

interface Box {
  readonly received: Received[];
  script: Answer[];
}

export async function startCollector(): Promise<Collector> {
  const boxes = new Map<string, Box>();
  const server = createServer((request, response) => {
    handle(boxes, request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
    unref: () => {
      server.on("connection", (socket) => socket.unref());
      server.unref();
    },
  };
}

async function handle(
  boxes: Map<string, Box>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, boxName = "", ...rest] = (request.url ?? "").split("/");
  const box = boxes.get(boxName) ?? { received: [], script: [] };
  boxes.set(boxName, box);
  const method = request.method ?? "";
  const path = `/${rest.join("/")}`;

  if (method === "GET" && path === "/") return reply(response, JSON.stringify(box.received));

  const body = await readBody(request);
  if (method === "PUT" && path === "/script") {
    box.script = JSON.parse(body) as Answer[];
    return reply(response, "{}");
  }
  box.received.push({ method, path, headers: headersOf(request), body });
  await follow(box.script.shift() ?? {}, response);
}

async function follow(answer: Answer, response: ServerResponse): Promise<void> {
  if (answer.hang) return;
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  reply(response, answer.body ?? "{}", answer.status, answer.headers);
}

function reply(response: ServerResponse, body: string, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const sent = Buffer.concat(chunks);
  return (request.headers["content-encoding"] === "gzip" ? gunzipSync(sent) : sent).toString();
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
}
