/**
 * A service: an application of Hono with a route of its own, the router and the page of hammerwork,
 * and a worker, in one process that ends gracefully on SIGTERM and Ctrl-C.
 *
 *     node examples/hono_service.ts             # at http://localhost:8080, or at PORT
 *
 * It prints its address. Then, for example:
 *
 *     curl -X POST http://localhost:8080/orders -d '{"to":"a@example.com"}'
 *     open http://localhost:8080/admin/queue/page
 *
 * In a project of your own, import from "hammerwork", "hammerwork/http", "hammerwork/page" and
 * "hammerwork/sqlite" where this imports ../, and install hono and @hono/node-server.
 */
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { JobQueue } from "../mod.ts";
import { jobRouter } from "../src/http.ts";
import { page } from "../src/page.ts";
import { sqlite } from "../src/store/sqlite.ts";

interface Queues {
  email_queue: { to: string };
}

const folder = mkdtempSync(join(tmpdir(), "hono-service-")); // a real service keeps its file
const queue = new JobQueue<Queues>({ store: await sqlite(join(folder, "jobs.db")) });
const worker = queue.worker("email_queue", async (job, ctx) => {
  console.log(`To ${job.payload.to}`);
  await Promise.resolve();
  ctx.signal.throwIfAborted(); // aborted if the stop takes longer than stopTimeoutMs
});

const app = new Hono();
app.post("/orders", async (c) => {
  const { to } = await c.req.json();
  // The job continues the trace of the request.
  const job = await queue.enqueue("email_queue", { to }, {
    traceparent: c.req.header("traceparent"),
  });
  return c.json({ id: job.id, traceId: job.traceId }, 202);
});
// Everybody may do everything here. Protect a real one: { authorize: bearerToken(token) }.
app.route("/admin/queue", jobRouter(queue, { publicAccess: "write", page: page() }));

const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());

const port = Number(process.env.PORT ?? 8080);
const server = serve({ fetch: app.fetch, port, hostname: "127.0.0.1" }, (info) => {
  console.log(`Listening at http://localhost:${info.port}`);
});

// In this order: running jobs, open requests, then the store, which both of them use.
await worker.run({ signal: stop.signal });
await new Promise((resolve) => server.close(resolve));
await queue.close();
rmSync(folder, { recursive: true });
console.log("Stopped");
