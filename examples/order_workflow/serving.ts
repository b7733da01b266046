/** Serves the router and the page, and works on the jobs that come in. */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { JobQueue, WorkerPool } from "../../mod.ts";
import { jobRouter } from "../../src/http.ts";
import { page } from "../../src/page.ts";
import { escapeControlCharactersInLines } from "../../src/control_characters.ts";
import type { Queues } from "./workflow.ts";

/** Serves and works until the signal aborts. It listens at loopback, so only this machine reaches it. */
export async function serveUntilStopped(
  queue: JobQueue<Queues>,
  pool: WorkerPool,
  port: number,
  signal: AbortSignal,
): Promise<void> {
  const app = new Hono().route("/", jobRouter(queue, { publicAccess: "write", page: page() }));
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port }) as Server;
  await listening(server, port);
  const text = await addressText(queue, (server.address() as AddressInfo).port);
  console.log(escapeControlCharactersInLines(`\n${text}`));
  try {
    await pool.run({ signal });
  } finally {
    server.close();
    server.closeAllConnections();
    await once(server, "close");
  }
}

async function listening(server: Server, port: number): Promise<void> {
  if (server.listening) return;
  try {
    await once(server, "listening");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "EADDRINUSE") throw error;
    throw new Error(`Port ${port} is in use; --port 0 takes a free one`);
  }
}

async function addressText(queue: JobQueue<Queues>, port: number): Promise<string> {
  const url = `http://127.0.0.1:${port}`;
  const { jobs: [newest] } = await queue.find({ queueName: "payment_queue", limit: 1 });
  const lines = [
    `Serving on ${url}/page until Ctrl-C. Open it in a browser, or try:`,
    ...(newest === undefined ? [] : [
      `  curl ${url}/traces/${newest.traceId}`,
      `  curl ${url}/correlations/${newest.correlationId}`,
    ]),
    `  curl "${url}/jobs?status=failed&limit=5"`,
    `  curl ${url}/stats`,
    `  curl ${url}/jobs -H "content-type: application/json" -d '${exampleJob}'`,
  ];
  return lines.join("\n");
}

const exampleJob = JSON.stringify({
  queueName: "inventory_queue",
  payload: { orderId: "order-by-curl", items: [{ sku: "PROD-001", quantity: 2 }] },
  correlationId: "order-by-curl",
});
