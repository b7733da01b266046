/** The page as everybody can read it: at any width, in light and dark, with any way of reading. */

import axe from "axe-core";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Page, timeout, useBrowser, visit } from "./browser.ts";
import { type Jobs, madeQueue, servePage } from "./served_page.ts";

const viewsOf = ({ failed, payment, waiting, traceId, correlationId }: Jobs) => [
  "/page",
  `/page/traces/${traceId}`,
  `/page/correlations/${encodeURIComponent(correlationId)}`,
  ...[failed, payment, waiting].map(({ id }) => `/page/jobs/${id}`),
  "/page/search?q=nothing",
];

/** Goes through every view, everything unfolded. */
async function everyView(
  url: string,
  jobs: Jobs,
  page: Page,
  look: (view: string) => Promise<void>,
) {
  for (const view of viewsOf(jobs)) {
    await page.goto(url + view);
    for (const details of await page.locator("details").all()) {
      await details.evaluate((one) => one.setAttribute("open", ""));
    }
    await look(view);
  }
}

describe("reading the page", { timeout }, () => {
  useBrowser();

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing wrong with any view in ${colorScheme}`, async () => {
      const { queue, jobs } = await madeQueue();
      await using served = await servePage(queue);
      // The page's own policy keeps out the script that judges it.
      const options = { colorScheme, bypassCSP: true };
      await visit(`${served.url}/page`, async (page) => {
        await everyView(served.url, jobs, page, async (view) => {
          await page.evaluate(axe.source);
          const { violations, passes } = await page.evaluate(() =>
            (globalThis as unknown as { axe: typeof axe }).axe.run()
          );
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
          assert.deepEqual(found, [], view);
          assert.ok(passes.some(({ id }) => id === "color-contrast"), view);
        });
      }, options);
    });
  }

  for (const width of [360, 1_600]) {
    test(`no view is wider than ${width} px, however long its words are`, async () => {
      const { queue, jobs } = await madeQueue();
      await using served = await servePage(queue);
      await visit(`${served.url}/page`, async (page) => {
        await everyView(served.url, jobs, page, async (view) => {
          const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
          assert.ok(wide <= width, `${view} is ${wide} px wide`);
        });
      }, { viewport: { width, height: 800 } });
    });
  }

  test("what stands in payloads, errors and ids is shown and never run", async () => {
    const { queue, jobs } = await madeQueue();
    await using served = await servePage(queue);
    await visit(`${served.url}/page`, async (page) => {
      await everyView(served.url, jobs, page, async (view) => {
        assert.notEqual(await page.title(), "run", view);
        assert.equal(await page.locator("img, main script").count(), 0, view);
      });
      await page.goto(`${served.url}/page/jobs/${jobs.failed.id}`);
      assert.match(await page.locator(".error").first().innerText(), /<img src=x onerror=/);
    });
  });
});
