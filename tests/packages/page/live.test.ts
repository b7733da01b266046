/** The page while jobs go on. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory, NonRetryableError } from "../../../mod.ts";
import { timeout, useBrowser, visit } from "./browser.ts";
import { startJob } from "./running_job.ts";
import { servePage } from "./served_page.ts";

describe("a live view", { timeout }, () => {
  useBrowser();

  test("follows a running job to its end without losing the focus, and then is quiet", async () => {
    const queue = new JobQueue({ store: memory() });
    await using running = await startJob(queue);
    await using served = await servePage(queue);
    await visit(`${served.url}/page/traces/${running.traceId}`, async (page) => {
      let asked = 0;
      page.on("request", () => asked++);
      await page.clock.install();
      await page.reload();
      const row = page.locator(".row");
      await row.getByRole("link").focus();
      await page.getByRole("button", { name: "Live, pause" }).click();
      asked = 0;
      await page.clock.runFor(10_000);
      assert.equal(asked, 0);
      await row.getByRole("link").focus();
      await row.evaluate((one) => Object.assign(one, { isStillThere: true }));
      await running.end();
      assert.equal((await queue.get(running.id))?.status, "completed");
      await page.getByRole("button", { name: "Paused, resume" }).evaluate((button) =>
        (button as unknown as { click(): void }).click()
      );
      await page.locator(".row.completed").waitFor();
      assert.ok(await row.evaluate((one) => "isStillThere" in one && one.matches(":focus-within")));
      assert.equal(await page.getByRole("button", { name: /pause/ }).count(), 0);
      asked = 0;
      await page.clock.runFor(10_000);
      assert.equal(asked, 0);
    });
  });

  test("asks every 2 s, and not at all while its tab is hidden", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("slow_queue", {});
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      await page.clock.install();
      await page.reload();
      const refreshed = page.waitForResponse(/\/page$/);
      await page.clock.runFor(2_100);
      await refreshed;
      let asked = 0;
      page.on("request", () => asked++);
      const hide = (isHidden: boolean) =>
        page.evaluate(`
          Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        `);
      await hide(true);
      await page.clock.runFor(10_000);
      assert.equal(asked, 0);
      const seen = page.waitForResponse(/\/page$/);
      await hide(false);
      await seen;
    });
  });

  test("tells in its title how a job stands", async () => {
    const queue = new JobQueue({ store: memory() });
    await using running = await startJob(queue);
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${running.id}`, async (page) => {
      assert.match(await page.title(), /^running_queue running/);
      await running.end();
      await page.locator("h1 .completed").waitFor();
      assert.match(await page.title(), /^running_queue completed/);
    });
  });

  test("never makes the question that stands open into another one", async () => {
    const queue = new JobQueue({ store: memory() });
    await using running = await startJob(queue);
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${running.id}`, async (page) => {
      await page.locator("summary").filter({ hasText: "Cancel…" }).click();
      await page.getByRole("button", { name: "Cancel job" }).focus();
      await running.end(new NonRetryableError("In vain"));
      await page.locator("h1 .failed").waitFor();
      assert.equal(await page.getByRole("button", { name: "Retry job" }).isVisible(), false);
      await page.keyboard.press("Enter");
      assert.equal((await queue.get(running.id))?.status, "failed");
    });
  });

  test("keeps what is typed, opened and focused while it refreshes", async () => {
    const queue = new JobQueue({ store: memory() });
    await using running = await startJob(queue);
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${running.id}`, async (page) => {
      await page.locator("summary").filter({ hasText: "Cancel…" }).click();
      await page.getByLabel("Reason").fill("Nobody needs it");
      const attempt = page.locator(".attempts li");
      const before = await attempt.innerText();
      await attempt.filter({ hasNotText: before }).waitFor();
      assert.equal(await page.getByLabel("Reason").inputValue(), "Nobody needs it");
      assert.ok(await page.getByLabel("Reason").evaluate((input) => input.matches(":focus")));
    });
  });

  test("keeps the focus on its trace when others come and the trace moves up", async () => {
    const queue = new JobQueue({ store: memory() });
    const first = await queue.enqueue("first_queue", {});
    await queue.enqueue("second_queue", {});
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      const traces = page.locator(".lines li");
      const link = page.getByRole("link", { name: first.traceId });
      const isFocused = () => link.evaluate((one) => one.matches(":focus"));
      await link.focus();
      await queue.enqueue("third_queue", {});
      await traces.nth(2).waitFor();
      assert.ok(await isFocused());
      await queue.enqueue("first_queue", {}, { parent: first });
      await traces.first().getByText(first.traceId).waitFor();
      assert.ok(await isFocused());
    });
  });
});
