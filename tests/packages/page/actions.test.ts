/** Retrying and cancelling by the page. */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bearerToken } from "../../../src/http.ts";
import { timeout, useBrowser, visit } from "./browser.ts";
import { madeQueue, servePage } from "./served_page.ts";

describe("actions of the page", { timeout }, () => {
  useBrowser();

  test("a failed job is retried after one more question, by keys alone", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${jobs.failed.id}`, async (page) => {
      assert.equal(await page.getByRole("button", { name: "Retry job" }).isVisible(), false);
      await page.locator("summary").filter({ hasText: "Retry…" }).focus();
      await page.keyboard.press("Enter");
      await page.keyboard.press("Tab");
      assert.equal((await queue.get(jobs.failed.id))?.status, "failed");
      await page.keyboard.press("Enter");
      await page.locator("h1 .ready").waitFor();
      assert.equal((await queue.get(jobs.failed.id))?.status, "ready");
    });
  });

  test("a waiting job is cancelled with the reason that is given", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${jobs.waiting.id}`, async (page) => {
      await page.locator("summary").filter({ hasText: "Cancel…" }).click();
      await page.getByLabel("Reason").fill("Nobody <needs> it");
      await page.getByRole("button", { name: "Cancel job" }).click();
      await page.locator("h1 .cancelled").waitFor();
      assert.match(await page.locator("main").innerText(), /Nobody <needs> it/);
    });
    assert.equal((await queue.get(jobs.waiting.id))?.error?.message, "Nobody <needs> it");
  });

  test("who may only read sees no actions, and who has no password sees nothing", async () => {
    const { queue, jobs } = await madeQueue();
    const authorize = bearerToken({ read: "reader", write: "writer" });
    await using served = await servePage(queue, { publicAccess: undefined, authorize });
    const url = `${served.url}/page/jobs/${jobs.failed.id}`;
    const as = (password: string) => ({ httpCredentials: { username: "me", password } });
    await visit(url, async (page) => {
      assert.equal(await page.locator("form[method=post], summary:text('Retry')").count(), 0);
      const answered = page.waitForResponse(/\/retry$/);
      await page.evaluate(`fetch("${url}/retry", { method: "POST" })`);
      assert.equal((await answered).status(), 403);
    }, as("reader"));
    assert.equal((await queue.get(jobs.failed.id))?.status, "failed");
    await visit(url, async (page) => {
      assert.equal(await page.locator("form[method=post]").count(), 1);
    }, as("writer"));
    // Without a password the browser gives up.
    await assert.rejects(visit(url, () => Promise.resolve()), /ERR_INVALID_AUTH_CREDENTIALS/);
    const { status, headers } = await fetch(url);
    assert.deepEqual([status, headers.get("www-authenticate")?.split(" ")[0]], [401, "Basic"]);
  });

  test("another site's form changes nothing, whatever lets its user in", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await using elsewhere = await servePage(queue);
    // To a browser this is another site: its name is not the same.
    const other = elsewhere.url.replace("127.0.0.1", "localhost");
    await visit(`${served.url}/page`, async (page) => {
      const answered = page.waitForResponse(/\/cancel$/);
      await page.evaluate(`
        const form = document.createElement("form");
        form.method = "post";
        form.action = "${other}/page/jobs/${jobs.waiting.id}/cancel";
        document.body.append(form);
        form.submit();
      `);
      assert.equal((await answered).status(), 403);
    }, { bypassCSP: true }).catch((error: Error) => {
      // That it asks another site is the point here.
      assert.match(error.message, /cancel/);
    });
    assert.equal((await queue.get(jobs.waiting.id))?.status, "ready");
  });

  for (const javaScriptEnabled of [true, false]) {
    const how = javaScriptEnabled ? "with" : "without";
    test(`chosen jobs, and all that match, are acted on after a confirmation, ${how} script`, async () => {
      const { queue, jobs } = await madeQueue();
      await using served = await servePage(queue);
      await visit(`${served.url}/page/jobs?status=failed`, async (page) => {
        await page.getByRole("checkbox", { name: /^Choose invoice_queue/ }).check();
        await page.getByRole("button", { name: "Retry…" }).click();
        await page.getByRole("heading", { name: "Retry 1 job?" }).waitFor();
        assert.equal((await queue.get(jobs.failed.id))?.status, "failed");
        await page.getByLabel("Reason").fill("The <b>address</b> is known");
        await page.getByRole("button", { name: "Retry 1 job" }).click();
        await page.getByText("1 job retried.").waitFor();
        assert.equal((await queue.get(jobs.failed.id))?.status, "ready");
        await page.goto(`${served.url}/page/jobs/${jobs.failed.id}`);
        assert.match(await page.locator("dl").innerText(), /retry.*: The <b>address<\/b> is known/);
        await page.goto(`${served.url}/page/traces/${jobs.traceId}`);
        await page.getByRole("link", { name: "Cancel…" }).click();
        await page.getByRole("button", { name: /^Cancel \d+ jobs$/ }).click();
        await page.getByText(/\d+ jobs cancelled\./).waitFor();
        assert.equal((await queue.get(jobs.waiting.id))?.status, "cancelled");
      }, { javaScriptEnabled });
    });
  }

  test("jobs that are chosen stay so while others come", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs`, async (page) => {
      const choice = page.locator(`[id="${jobs.waiting.id}"]`).getByRole("checkbox");
      await choice.check();
      const refreshed = page.waitForResponse(/\/page\/jobs$/);
      const { id } = await queue.enqueue("new_queue", {});
      await refreshed;
      assert.ok(await choice.isChecked());
      await choice.uncheck();
      await page.locator(`[id="${id}"]`).waitFor();
    });
  });

  test("without script everything is read, found and retried all the same", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      await page.getByRole("searchbox").fill(jobs.failed.id);
      await page.getByRole("button", { name: "Find" }).click();
      await page.locator("summary").filter({ hasText: "Retry…" }).click();
      await page.getByRole("button", { name: "Retry job" }).click();
      await page.locator("h1 .ready").waitFor();
      await page.getByRole("link", { name: "Show in trace" }).click();
      assert.ok(await page.locator(".row").count() > 5);
      assert.equal(await page.getByRole("button", { name: "Copy" }).count(), 0);
    }, { javaScriptEnabled: false });
  });
});
