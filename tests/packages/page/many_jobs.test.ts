/** A trace of 5,000 jobs, and lists of 10,000 jobs of which 1,000 have failed. */

import { Hono } from "hono";
import assert from "node:assert/strict";
import process from "node:process";
import { describe, test, type TestContext } from "node:test";
import { type Job, job, JobQueue, memory, NonRetryableError } from "../../../mod.ts";
import { jobRouter } from "../../../src/http.ts";
import { page } from "../../../src/page.ts";
import { timeout, useBrowser, visit } from "./browser.ts";
import { servePage } from "./served_page.ts";

const JSON_ERROR = JSON.stringify({ error: { code: "unavailable", at: "x".repeat(20) } }).repeat(4);

describe("a trace of 5,000 jobs", { timeout }, () => {
  useBrowser();

  test("is shown folded, and its rows when it is opened", async () => {
    const { queue, parent } = await manyJobs(() => {});
    await using served = await servePage(queue);
    await visit(`${served.url}/page/traces/${parent.traceId}`, async (page) => {
      assert.match(await page.locator(".facts").innerText(), /5,000 jobs/);
      await page.getByRole("link", { name: "4,999 × row_queue" }).click();
      await page.getByText("Rows 1 to 500 of 5,001").waitFor();
      assert.equal(await page.locator(".row").count(), 500);
      await page.getByRole("link", { name: "Next rows" }).click();
      await page.getByText("Rows 501 to 1,000 of 5,001").waitFor();
    });
  });

  test("is answered within a second and 1 MB, folded and opened", async (t) => {
    const { queue, parent } = await manyJobs(() => {});
    await assertQuickAndSmall(queue, parent, t);
  });

  test("is so too when every attempt at every job fails with a long error", async (t) => {
    const { queue, parent } = await manyJobs(() => {
      throw new Error(JSON_ERROR);
    });
    assert.equal((await queue.find({ status: "failed", limit: 1_000 })).jobs.length, 1_000);
    await assertQuickAndSmall(queue, parent, t);
  });
});

describe("10,000 jobs, of which 1,000 have failed", { timeout: 2 * timeout }, () => {
  useBrowser();

  test("are listed, grouped and found within a second and 1 MB, and read page by page", async (t) => {
    const queue = new JobQueue({ store: memory() });
    for (let batch = 0; batch < 10; batch++) {
      const parents = await queue.enqueue(
        Array.from({ length: 50 }, (_, i) => job("order_queue", i)),
      );
      await queue.enqueue(
        parents.flatMap((parent) =>
          Array.from({ length: 19 }, (_, i) => job("row_queue", i, { parent }))
        ),
      );
    }
    const concurrency = 100;
    const workers = [
      queue.worker("order_queue", () => {}, { concurrency }),
      queue.worker("row_queue", ({ payload }) => {
        if ((payload as number) % 9 === 8) {
          throw new NonRetryableError(`Row ${crypto.randomUUID()}`);
        }
      }, { concurrency }),
    ];
    while ((await queue.stats()).queues.some(({ unfinished }) => unfinished > 0)) {
      for (const worker of workers) await worker.tick();
    }
    const failed = (await queue.find({ status: "failed", limit: 1_000 })).jobs;
    assert.equal(failed.length, 1_000);
    const like = failed[0]!.id;
    for (
      const view of [
        "",
        "/jobs",
        "/jobs?status=failed&queueName=row_queue",
        "/failures",
        `/failures?like=${like}`,
        "/traces",
        "/traces?status=failed",
        `/search?q=${"0".repeat(12)}`,
      ]
    ) await assertQuickAndSmallAt(queue, `/admin/page${view}`, t);
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      await page.getByRole("link", { name: /^\d+ %$/ }).last().click();
      await page.locator("li", { hasText: "row_queue" }).getByRole("link").click();
      await page.getByRole("heading", { name: /failed jobs in row_queue/ }).waitFor();
      assert.equal(await page.locator(".lines li").count(), 100);
      await page.goto(`${served.url}/page/jobs?status=failed`);
      await page.getByText("1,000 jobs").waitFor();
      await page.getByRole("link", { name: "Older jobs" }).click();
      await page.getByRole("link", { name: "Newest jobs" }).waitFor();
      await page.getByRole("combobox", { name: /^Queue/ }).selectOption("order_queue");
      await page.getByRole("button", { name: "Show" }).click();
      await page.waitForURL(/queueName=order_queue/);
      assert.equal(await page.locator(".lines li", { hasText: "row_queue" }).count(), 0);
    }, { javaScriptEnabled: false });
  });
});

async function manyJobs(handler: () => void): Promise<{ queue: JobQueue; parent: Job }> {
  const queue = new JobQueue({ store: memory() });
  const parent = await queue.enqueue("import_queue", {});
  for (let batch = 0; batch < 5; batch++) {
    const size = batch === 0 ? 999 : 1_000;
    await queue.enqueue(Array.from({ length: size }, (_, i) => job("row_queue", i, { parent })));
  }
  const backoff = { type: "fixed", delayMs: 0 } as const;
  const worker = queue.worker("row_queue", handler, { concurrency: 100, backoff });
  const unfinished = async () =>
    (await queue.store.counts()).some(({ queueName, status }) =>
      queueName === "row_queue" && status !== "completed" && status !== "failed"
    );
  while (await unfinished()) await worker.tick();
  return { queue, parent };
}

async function assertQuickAndSmall(queue: JobQueue, parent: Job, t: TestContext): Promise<void> {
  const view = `/admin/page/traces/${parent.traceId}`;
  await assertQuickAndSmallAt(queue, view, t);
  await assertQuickAndSmallAt(queue, `${view}?open=${parent.id}.row_queue`, t);
}

/** Without a network: the time of the server alone, once it is warm. */
async function assertQuickAndSmallAt(
  queue: JobQueue,
  address: string,
  t: TestContext,
): Promise<void> {
  const app = new Hono().route("/admin", jobRouter(queue, { publicAccess: "read", page: page() }));
  await app.request(address);
  const [start, used] = [performance.now(), process.cpuUsage()];
  const { byteLength } = await (await app.request(address)).arrayBuffer();
  const ms = performance.now() - start;
  const { user, system } = process.cpuUsage(used);
  const cpu = (user + system) / 1_000;
  t.diagnostic(
    `${address}: ${Math.round(ms)} ms, ${Math.round(cpu)} ms of CPU, ${byteLength} bytes`,
  );
  assert.ok(ms < 1_000, `${address}: ${ms} ms`);
  assert.ok(byteLength < 1_000_000, `${address}: ${byteLength} bytes`);
}
