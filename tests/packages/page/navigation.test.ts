/** The page as a person finds the way through it. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { timeout, useBrowser, visit } from "./browser.ts";
import { madeQueue, servePage } from "./served_page.ts";

describe("looking at the page", { timeout }, () => {
  useBrowser();

  test("the search knows a job's id, a trace's and a correlation's, and says what it has not found", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      const search = async (id: string) => {
        await page.getByRole("searchbox").fill(id);
        const answered = page.waitForResponse((answer) =>
          answer.request().isNavigationRequest() &&
          answer.status() !== 303
        );
        await page.getByRole("searchbox").press("Enter");
        const status = (await answered).status();
        await page.waitForLoadState();
        return `${status} ${await page.locator("h1").innerText()}`;
      };
      const { failed, traceId, correlationId } = jobs;
      const asUuid = traceId.replace(/(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-").toUpperCase();
      assert.match(await search(failed.id), /^200 invoice_queue/);
      assert.match(await search(traceId), new RegExp(`^200 Trace ${traceId}`));
      assert.match(await search(asUuid), new RegExp(`^200 Trace ${traceId}`));
      assert.match(await search(correlationId), /^200 Correlation order-<img/);
      assert.equal(await search("order-1"), "404 Nothing found");
      assert.equal(await page.getByRole("searchbox").inputValue(), "order-1");
    });
  });

  test("one click leads from the overview to the latest trace, then to a job and to its parent", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/`, async (page) => {
      await page.getByRole("link", { name: jobs.traceId }).click();
      await page.locator(".waterfall").getByRole("link", { name: "email_queue" }).click();
      await page.locator("h1").filter({ hasText: "email_queue" }).waitFor();
      await page.locator("dd").getByRole("link", { name: "order_queue" }).click();
      await page.locator("h1").filter({ hasText: "order_queue" }).waitFor();
      await page.getByRole("link", { name: "Show in trace" }).click();
      assert.ok(page.url().endsWith(`/page/traces/${jobs.traceId}#${jobs.order.id}`));
    });
  });

  test("a row says in words what it shows, when it is pointed at and when it has the focus", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/traces/${jobs.traceId}`, async (page) => {
      const row = page.locator(".row.failed");
      const words = row.locator(".description");
      assert.equal(await words.isVisible(), false);
      await row.hover();
      assert.match(await words.innerText(), /^Failed, .* Child of order_queue\./);
      assert.ok(await words.isVisible());
      await page.mouse.move(0, 0);
      await row.getByRole("link").focus();
      assert.ok(await words.isVisible());
    });
  });

  test("keys alone lead to the search, along the rows and into a job", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/traces/${jobs.traceId}`, async (page) => {
      const focused = () => page.evaluate("document.activeElement?.textContent.trim()");
      await page.keyboard.press("Tab");
      assert.equal(await focused(), "Skip to the content");
      await page.keyboard.press("Enter");
      await page.keyboard.press("/");
      assert.equal(await page.evaluate("document.activeElement?.id"), "q");
      await page.locator(".waterfall a").first().focus();
      await page.keyboard.press("ArrowDown");
      assert.equal(await focused(), "payment_queue");
      await page.keyboard.press("ArrowUp");
      assert.equal(await focused(), "order_queue");
      await page.keyboard.press("ArrowDown");
      await page.keyboard.press("Enter");
      await page.locator("h1").filter({ hasText: "payment_queue" }).waitFor();
    });
  });

  test("a fold opens and closes, and what went wrong stands outside it", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/traces/${jobs.traceId}`, async (page) => {
      const rows = page.locator(".row").filter({ hasText: "row_queue" });
      assert.equal(await rows.count(), 1);
      await page.getByRole("link", { name: "30 × row_queue", expanded: false }).click();
      await page.getByRole("link", { name: "30 × row_queue", expanded: true }).waitFor();
      assert.equal(await rows.count(), 31);
    });
  });
});
