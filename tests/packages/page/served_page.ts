/** Jobs of every kind, and the page that shows them on a port of its own. */

import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { once } from "node:events";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type Job, job, JobQueue, memory, NonRetryableError } from "../../../mod.ts";
import { jobRouter, type JobRouterOptions } from "../../../src/http.ts";
import { page } from "../../../src/page.ts";

/** What would run if it were not escaped. */
export const hostile = "<img src=x onerror=\"document.title='run'\"><script>run()</script>";

/** A page that is served. */
export interface ServedPage extends AsyncDisposable {
  readonly queue: JobQueue;
  /** Of the router. */
  readonly url: string;
}

/** Serves the page of a queue below a path of a user's own app. */
export async function servePage(
  queue: JobQueue,
  options: JobRouterOptions = {},
): Promise<ServedPage> {
  const router = jobRouter(queue, { publicAccess: "write", page: page(), ...options });
  const app = new Hono().route("/admin", router);
  const server = serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }) as Server;
  if (!server.listening) await once(server, "listening");
  return {
    queue,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/admin`,
    [Symbol.asyncDispose]: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close");
    },
  };
}

const long = "unbroken".repeat(250);
/** As long as each may be, and nowhere to break it. */
const correlationId = `order-${hostile}${long}`.slice(0, 255);
const longName = long.slice(0, 128);
const idempotencyKey = long.slice(0, 255);

/** What is as long and as hostile as only the owner of the page could make it. */
export const badlyNamed: JobRouterOptions = {
  page: page({
    title: `${hostile} ${long.slice(0, 200)}`,
    traceLinks: { [`${hostile} ${long.slice(0, 200)}`]: "https://traces.example/{traceId}" },
  }),
};

/** The jobs of a made-up order, by what became of each. */
export interface Jobs {
  readonly order: Job;
  readonly payment: Job;
  readonly failed: Job;
  readonly mail: Job;
  readonly waiting: Job;
  /** Of a name that is as long as it may be; it is cancelled. */
  readonly unwanted: Job;
  /** A part of it. */
  readonly below: Job;
  readonly traceId: string;
  readonly correlationId: string;
}

async function makeJobs(queue: JobQueue): Promise<Jobs> {
  const order = await queue.enqueue("order_queue", { note: hostile, long }, { correlationId });
  const { traceId } = order;
  const payment = await queue.enqueue("payment_queue", {}, { parent: order });
  const failed = await queue.enqueue("invoice_queue", { hostile }, { parent: order });
  const mail = await queue.enqueue("email_queue", {}, { parent: order, dependsOn: [payment] });
  await queue.enqueue("ledger_queue", {}, { parent: order, dependsOn: [failed] });
  await queue.enqueue(Array.from({ length: 30 }, (_, i) => job("row_queue", i, { parent: order })));
  await queue.enqueue("reminder_queue", {}, { correlationId, delayMs: 3_600_000 });
  const unwanted = await queue.enqueue(longName, long, { parent: order, idempotencyKey });
  const below = await queue.enqueue("below_queue", {}, { parent: unwanted, dependsOn: [payment] });
  await queue.cancel(unwanted.id, { reason: `${hostile} ${long.slice(0, 900)}` });
  const workers = [
    queue.worker("order_queue", () => {}),
    queue.worker("payment_queue", ({ attempts }) => {
      if (attempts === 1) throw new Error(`The gateway answered 503 ${long}`);
    }, { backoff: { type: "fixed", delayMs: 1 } }),
    queue.worker("invoice_queue", () => {
      throw new NonRetryableError(hostile);
    }),
    queue.worker("email_queue", () => {}),
    queue.worker("row_queue", () => {}),
  ];
  while ((await queue.get(mail.id))?.status !== "completed") {
    for (const worker of workers) await worker.tick();
  }
  const waiting = await queue.enqueue("slow_queue", {}, { parent: order });
  return { order, payment, failed, mail, waiting, unwanted, below, traceId, correlationId };
}

/** A queue in memory with these jobs. */
export async function madeQueue(): Promise<{ readonly queue: JobQueue; readonly jobs: Jobs }> {
  const queue = new JobQueue({ store: memory() });
  return { queue, jobs: await makeJobs(queue) };
}
