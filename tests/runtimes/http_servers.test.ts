import assert from "node:assert/strict";
import process from "node:process";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { bearerToken, jobRouter } from "../../src/http.ts";

/** The parts of the runtimes' own servers that are used here. */
declare const Bun: {
  serve(options: { port: number; hostname: string; fetch: Fetch }): {
    readonly port: number;
    stop(isAbrupt: boolean): Promise<void>;
  };
};
declare const Deno: {
  serve(options: { port: number; hostname: string; onListen: () => void }, fetch: Fetch): {
    readonly addr: { readonly port: number };
    shutdown(): Promise<void>;
  };
};

type Fetch = (request: Request) => Response | Promise<Response>;

interface Server {
  readonly port: number;
  readonly close: () => Promise<void>;
}

const hostname = "127.0.0.1";

/** What this runtime serves with; workerd has no server that a test could start. */
const serve = "Bun" in globalThis
  ? serveBun
  : "Deno" in globalThis
  ? serveDeno
  : process.release?.name === "node" && !globalThis.navigator?.userAgent?.includes("Workers")
  ? serveNode
  : undefined;

function serveBun(fetch: Fetch): Promise<Server> {
  const server = Bun.serve({ port: 0, hostname, fetch });
  return Promise.resolve({ port: server.port, close: () => server.stop(true) });
}

function serveDeno(fetch: Fetch): Promise<Server> {
  const server = Deno.serve({ port: 0, hostname, onListen: () => {} }, fetch);
  return Promise.resolve({ port: server.addr.port, close: () => server.shutdown() });
}

async function serveNode(fetch: Fetch): Promise<Server> {
  // Not a literal, so that the bundle for workerd goes without it.
  const packageName = "@hono/node-server";
  const { serve } = await import(packageName) as typeof import("@hono/node-server");
  return new Promise((resolve) => {
    const server = serve({ fetch, port: 0, hostname }, ({ port }) => {
      const close = () => new Promise<void>((closed) => void server.close(() => closed()));
      resolve({ port, close });
    });
  });
}

describe("the router on a real server", { skip: serve === undefined }, () => {
  test("takes a request's trace, keeps others out and bounds what it reads", async () => {
    const queue = new JobQueue({ store: memory() });
    const app = jobRouter(queue, { authorize: bearerToken("a-secret"), maxBodyBytes: 100_000 });
    const { port, close } = await serve!((request) => app.fetch(request));
    const origin = `http://${hostname}:${port}`;
    const authorization = "Bearer a-secret";
    const call = async (path: string, init: RequestInit & { duplex?: "half" } = {}) => {
      const headers = { authorization, "content-type": "application/json" };
      const response = await fetch(`${origin}${path}`, {
        ...init,
        headers: { ...headers, ...init.headers as Record<string, string> },
      });
      const { status, headers: answered } = response;
      // deno-lint-ignore no-explicit-any
      const body: any = await response.json();
      return { status, headers: answered, body };
    };
    const mail = {
      queueName: "email_queue",
      payload: { text: "ü<script>" },
      correlationId: "order-1",
    };
    const traceId = "4bf92f3577b34da6a3ce929d0e0e4736";
    try {
      const sent = await call("/jobs", {
        method: "POST",
        body: JSON.stringify(mail),
        headers: { traceparent: `00-${traceId}-00f067aa0ba902b7-01`, origin },
      });
      assert.deepEqual([sent.status, sent.body.traceId], [201, traceId]);
      assert.equal(sent.headers.get("x-trace-id"), traceId);
      assert.equal(sent.headers.get("x-correlation-id"), "order-1");
      assert.deepEqual((await queue.get(sent.body.id))?.payload, mail.payload);
      assert.equal((await call(`/traces/${traceId}`)).body.roots.length, 1);
      assert.equal((await call("/correlations/order-1")).body.roots.length, 1);
      const cancelled = await call(`/jobs/${sent.body.id}/cancel`, { method: "POST" });
      assert.equal(cancelled.body.job.status, "cancelled");
      assert.equal((await call("/nothing")).status, 404);
      assert.equal((await call("/jobs", { headers: { authorization: "" } })).status, 401);
      const evil = { method: "POST", body: "{}", headers: { origin: "https://evil.example" } };
      assert.equal((await call("/jobs", evil)).status, 403);
      const large = await call("/jobs", { method: "POST", body: "x".repeat(100_001) });
      assert.equal(large.body.error.code, "too_large");
      // Without a length: what is sent in pieces is counted as it is read.
      const pieces = new Blob(["x".repeat(100_001)]).stream();
      const streamed = await call("/jobs", { method: "POST", body: pieces, duplex: "half" });
      assert.equal(streamed.body.error.code, "too_large");
      const head = await fetch(`${origin}/jobs`, { method: "HEAD", headers: { authorization } });
      assert.deepEqual([head.status, await head.text()], [200, ""]);
      const bare = await fetch(`${origin}/jobs/${sent.body.id}/cancel`, {
        method: "POST",
        headers: { authorization },
      });
      assert.equal(bare.status, 409);
    } finally {
      await close();
    }
  });
});
