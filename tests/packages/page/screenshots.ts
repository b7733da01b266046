/** Makes the pictures of the documentation from jobs like the sample's: `npm run screenshots`. */

import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";
import { job, JobQueue, memory, NonRetryableError, WorkerPool } from "../../../mod.ts";
import { findChromium } from "./find_chromium.ts";
import { servePage } from "./served_page.ts";

const folder = new URL("../../../docs/pictures/", import.meta.url).pathname;
const BATCHES = 12;
const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

mkdirSync(folder, { recursive: true });
const queue = new JobQueue({ store: memory() });
const { id, traceId } = await workOn(queue);
await using served = await servePage(queue);
const failed = (await queue.find({ status: "failed" })).jobs[0]!;
await using browser = await chromium.launch({
  executablePath: findChromium()!,
  args: ["--no-sandbox"],
});
for (const colorScheme of ["light", "dark"] as const) {
  await picture(colorScheme, "overview", "/page");
  await picture(colorScheme, "waterfall", `/page/traces/${traceId}`);
  await picture(colorScheme, "failed-job", `/page/jobs/${failed.id}`);
}
console.log(`The pictures of job ${id} and its trace are in ${folder}`);

async function picture(colorScheme: "light" | "dark", name: string, view: string): Promise<void> {
  const page = await browser.newPage({ colorScheme, viewport: { width: 1_200, height: 300 } });
  await page.goto(served.url + view);
  await page.screenshot({ path: `${folder}${name}-${colorScheme}.png`, fullPage: true });
  await page.close();
}

/** A file of orders goes through, one of them twice, and one in vain. */
async function workOn(queue: JobQueue) {
  const correlationId = "order-12345";
  const options = { concurrency: 4, backoff: { type: "fixed", delayMs: 120 } } as const;
  const pool = new WorkerPool([
    queue.worker("data_import", async (_, ctx) => {
      await sleep(40);
      const batches = Array.from({ length: BATCHES }, (_, i) => job("process_batch", { batch: i }));
      await ctx.enqueue(batches);
      await ctx.enqueue(job("import_report", {}, { dependsOn: batches.slice(0, 3) }));
    }, options),
    queue.worker("process_batch", async ({ payload, attempts }, ctx) => {
      const { batch } = payload as { readonly batch: number };
      await sleep(30 + 25 * (batch % 4));
      if (batch === 2 && attempts < 3) throw new Error("The gateway answered 503");
      if (batch === 6) throw new NonRetryableError("Row 617 has no price");
      await ctx.enqueue("inventory_queue", { batch });
      await ctx.enqueue("email_queue", { batch });
    }, options),
    queue.worker(
      "inventory_queue",
      ({ payload }) => sleep(20 + 15 * ((payload as { batch: number }).batch % 5)),
      options,
    ),
    queue.worker("email_queue", () => sleep(15), options),
    queue.worker("import_report", () => sleep(60), options),
  ]);
  const root = await queue.enqueue("data_import", { source: "orders.csv" }, { correlationId });
  await queue.enqueue("reminder_queue", {}, { correlationId, delayMs: 86_400_000 });
  const stop = new AbortController();
  const running = pool.run({ signal: stop.signal });
  const ended = ["failed", "completed", "cancelled"];
  while (
    !(await queue.find({ traceId: root.traceId })).jobs.every((one) => ended.includes(one.status))
  ) {
    await sleep(20);
  }
  stop.abort();
  await running;
  return root;
}
