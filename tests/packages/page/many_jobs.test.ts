/** A trace of 5,000 jobs. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { job, JobQueue, memory } from "../../../mod.ts";
import { timeout, useBrowser, visit } from "./browser.ts";
import { servePage } from "./served_page.ts";

describe("a trace of 5,000 jobs", { timeout }, () => {
  useBrowser();

  test("is served within a second and 1 MB, folded and opened", async (t) => {
    const queue = new JobQueue({ store: memory() });
    const parent = await queue.enqueue("import_queue", {});
    for (let batch = 0; batch < 5; batch++) {
      const size = batch === 0 ? 999 : 1_000;
      await queue.enqueue(Array.from({ length: size }, (_, i) => job("row_queue", i, { parent })));
    }
    const worker = queue.worker("row_queue", () => {}, { concurrency: 100 });
    await worker.tick();
    await using served = await servePage(queue);
    const url = `${served.url}/page/traces/${parent.traceId}`;
    await visit(url, async (page) => {
      assert.match(await page.locator(".facts").innerText(), /5,000 jobs/);
      await page.getByRole("link", { name: "4,999 × row_queue" }).click();
      await page.getByText("Rows 1 to 500 of 5,001").waitFor();
      assert.equal(await page.locator(".row").count(), 500);
      for (const view of [url, page.url()]) {
        const { ms, bytes } = await timed(view);
        t.diagnostic(`${Math.round(ms)} ms, ${bytes} bytes`);
        assert.ok(ms < 1_000, `${ms} ms`);
        assert.ok(bytes < 1_000_000, `${bytes} bytes`);
      }
    });
  });
});

async function timed(url: string): Promise<{ readonly ms: number; readonly bytes: number }> {
  const start = performance.now();
  const html = await (await fetch(url)).arrayBuffer();
  return { ms: performance.now() - start, bytes: html.byteLength };
}
