/**
 * A real HTTP server that plays an OTLP endpoint for the tests of every runtime, also of those that
 * can start no server. Each test has a box of its own: what comes after its name is the path.
 *
 * - `POST /{box}/…` is kept and answered, with 200 and `{}` (Zipkin's path: 202) unless the box has a
 *   script. What breaks the published protocol of its path gets 400, and the box remembers.
 * - `GET /{box}` tells what came, in order.
 * - `PUT /{box}/script` sets the answers to the next posts.
 */

import { once } from "node:events";
import { Buffer } from "node:buffer";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gunzipSync } from "node:zlib";
import { otlpViolations } from "./otlp_protocol.ts";
import { zipkinViolations } from "./zipkin_api.ts";

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
  /** As it was sent, maybe compressed. */
  readonly bytes: number;
  /** Where the body breaks the published protocol of its path. */
  readonly violations: readonly string[];
}

/** How to answer a post. */
export interface Answer {
  /** How many posts are answered so; default 1. */
  readonly times?: number;
  readonly status?: number;
  /** Only posts with a larger body are answered so: others as usual, and these do not count. */
  readonly largest?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** In place of a body, so many bytes. */
  readonly bodyBytes?: number;
  readonly delayMs?: number;
  /** Never answers. */
  readonly hang?: boolean;
  /** Ends the connection in the middle of the body. */
  readonly breakOff?: boolean;
  /** Ends the connection without an answer. */
  readonly disconnect?: boolean;
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

  const { text: body, bytes } = await readBody(request);
  if (method === "PUT" && path === "/script") {
    const answers = JSON.parse(body) as Answer[];
    box.script = answers.flatMap((answer) => Array<Answer>(answer.times ?? 1).fill(answer));
    return reply(response, "{}");
  }
  const headers = headersOf(request);
  const violations = violationsOf(path, headers, body);
  box.received.push({ method, path, headers, body, bytes, violations });
  if (violations.length > 0) return reply(response, violations.join("; "), 400);
  const isSmall = body.length <= (box.script[0]?.largest ?? -1);
  const scripted = isSmall ? undefined : box.script.shift();
  await follow(scripted ?? usualAnswer(path), response);
}

function violationsOf(path: string, headers: Received["headers"], body: string): readonly string[] {
  if (!headers["content-type"]?.startsWith("application/json")) return [];
  if (path.endsWith("/v1/traces")) return otlpViolations(body);
  return path.endsWith("/api/v2/spans") ? zipkinViolations(body) : [];
}

function usualAnswer(path: string): Answer {
  return path.endsWith("/api/v2/spans") ? { status: 202, body: "" } : {};
}

async function follow(answer: Answer, response: ServerResponse): Promise<void> {
  if (answer.hang) return;
  if (answer.delayMs !== undefined) await sleep(answer.delayMs);
  if (answer.disconnect) return void response.socket?.destroy();
  const { status = 200, headers = {} } = answer;
  if (answer.breakOff) {
    response.writeHead(status, { ...headers, "content-length": "1000" }).write("{");
    return void setImmediate(() => response.socket?.destroy());
  }
  const { body = answer.bodyBytes === undefined ? "{}" : "x".repeat(answer.bodyBytes) } = answer;
  reply(response, body, status, headers);
}

function reply(response: ServerResponse, body: string, status = 200, headers = {}): void {
  response.writeHead(status, { "content-type": "application/json", ...headers }).end(body);
}

async function readBody(request: IncomingMessage): Promise<{ text: string; bytes: number }> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk as Uint8Array);
  const sent = Buffer.concat(chunks);
  const isCompressed = request.headers["content-encoding"] === "gzip";
  return { text: (isCompressed ? gunzipSync(sent) : sent).toString(), bytes: sent.length };
}

function headersOf(request: IncomingMessage): Record<string, string> {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
  );
}
