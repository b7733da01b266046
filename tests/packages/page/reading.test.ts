/** The page as everybody can read it: at any width, in light and dark, with any way of reading. */

import axe from "axe-core";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type BrowserContextOptions, type Page, timeout, useBrowser, visit } from "./browser.ts";
import { type RunningJob, startJob } from "./running_job.ts";
import { badlyNamed, type Jobs, madeQueue, servePage } from "./served_page.ts";

const viewsOf = (jobs: Jobs, running: RunningJob) => [
  "/page",
  `/page/traces/${jobs.traceId}`,
  `/page/traces/${jobs.traceId}?open=${jobs.order.id}.row_queue`,
  `/page/correlations/${encodeURIComponent(jobs.correlationId)}`,
  ...[jobs.order, jobs.failed, jobs.payment, jobs.waiting, jobs.unwanted, jobs.below, running]
    .map(({ id }) => `/page/jobs/${id}`),
  "/page/search?q=nothing",
  "/page/search?q=",
  "/page/search?q=_queue",
  "/page/jobs",
  "/page/jobs?queueName=row_queue&status=completed&within=1h",
  "/page/jobs?status=failed&createdFrom=2020-01-31T12:00",
  "/page/jobs?status=running",
  "/page/act?do=cancel&status=ready",
  `/page/act?do=retry&done=5&left=2&correlationId=${encodeURIComponent(jobs.correlationId)}`,
  "/page/failures",
  "/page/traces",
  "/page/traces?status=failed&queueName=row_queue",
  `/page/failures?like=${jobs.failed.id}`,
  `/page/jobs/${crypto.randomUUID()}`,
];

type Look = (page: Page, view: string) => Promise<void>;

/** Goes through every view of jobs of every kind, everything unfolded, one row in words. */
async function views(options: BrowserContextOptions, look: Look): Promise<void> {
  const { queue, jobs } = await madeQueue();
  await using running = await startJob(queue, { parent: jobs.order });
  await using served = await servePage(queue, badlyNamed);
  await visit(`${served.url}/page`, async (page) => {
    for (const view of viewsOf(jobs, running)) {
      await page.goto(served.url + view);
      for (const details of await page.locator("details").all()) {
        await details.evaluate((one) => one.setAttribute("open", ""));
      }
      const [row] = await page.locator(".row.completed a").all();
      await row?.focus();
      await look(page, view);
    }
  }, options);
}

// Every view many times: more than a file of other tests has to do.
describe("reading the page", { timeout: 4 * timeout }, () => {
  useBrowser();

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing wrong with any view in ${colorScheme}`, async () => {
      // The page's own policy keeps out the script that judges it.
      await views({ colorScheme, bypassCSP: true }, async (page, view) => {
        await page.evaluate(axe.source);
        const { violations, passes } = await page.evaluate(() =>
          (globalThis as unknown as { axe: typeof axe }).axe.run()
        );
        const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
        assert.deepEqual(found, [], view);
        assert.ok(passes.some(({ id }) => id === "color-contrast"), view);
      });
    });
  }

  for (const width of [360, 800, 1_600]) {
    test(`no view is wider than ${width} px, however long its words are`, async () => {
      const wide: string[] = [];
      await views({ viewport: { width, height: 800 } }, async (page, view) => {
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme });
          const pixels = await page.evaluate<number>("document.documentElement.scrollWidth");
          if (pixels > width) wide.push(`${view} in ${colorScheme}: ${pixels} px`);
        }
      });
      assert.deepEqual(wide, []);
    });
  }

  test("what stands in payloads, errors, ids and titles is shown and never run", async () => {
    await views({}, async (page, view) => {
      assert.match(await page.title(), /<img src=x onerror=/, view);
      assert.equal(await page.locator("img, body script").count(), 0, view);
      assert.match(await page.locator(".home").innerText(), /^<img src=x onerror=/, view);
    });
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page/jobs/${jobs.failed.id}`, async (page) => {
      assert.match(await page.locator(".error").first().innerText(), /<img src=x onerror=/);
      assert.ok(await page.locator(".data pre").isVisible());
      assert.match(await page.locator(".data pre").innerText(), /<img src=x onerror=/);
    });
  });

  test("the policy stops script and style that get into a view all the same", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    const stopped = visit(`${served.url}/page/jobs/${jobs.failed.id}`, async (page) => {
      await page.evaluate(`
        const script = document.createElement("script");
        script.textContent = "document.title = 'run'";
        const style = document.createElement("style");
        style.textContent = "body { display: none }";
        document.body.append(script, style);
        document.body.setAttribute("onclick", "document.title = 'run'");
      `);
      await page.locator("h1").click();
      assert.notEqual(await page.title(), "run");
      assert.ok(await page.locator("h1").isVisible());
    });
    await assert.rejects(stopped, (error: Error) => {
      assert.match(error.message, /violates the following Content Security Policy directive/);
      return true;
    });
  });
});
