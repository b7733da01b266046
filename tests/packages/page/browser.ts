/** Chromium, and what every test watches while it looks at the page. */

import assert from "node:assert/strict";
import { after, before } from "node:test";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { findChromium } from "./find_chromium.ts";

export type { BrowserContextOptions, Page };

/** What starting a browser may take on a busy machine. */
export const timeout = 60_000;

let browser: Browser;

/** Starts one browser for all tests of a file. */
export function useBrowser(): void {
  before(async () => {
    browser = await chromium.launch({
      executablePath: findChromium()!,
      // It refuses to run as root with its sandbox, and tests may be run by root.
      args: ["--no-sandbox"],
    });
  }, { timeout });
  after(() => browser.close());
}

/**
 * Opens an address in a fresh profile and looks on while `look` does what a person would: no error
 * and no warning in the console, and not a request to anywhere else.
 */
export async function visit(
  url: string,
  look: (page: Page) => Promise<void>,
  options: BrowserContextOptions = {},
): Promise<void> {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(10_000);
  const wrong: string[] = [];
  try {
    context.on("weberror", (error) => wrong.push(String(error.error())));
    context.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") wrong.push(message.text());
    });
    context.on("request", (request) => {
      const { origin, protocol } = new URL(request.url());
      if (protocol !== "data:" && origin !== new URL(url).origin) wrong.push(request.url());
    });
    const page = await context.newPage();
    await page.goto(url);
    await look(page);
  } finally {
    await context.close();
  }
  // What is refused on purpose is in the console too.
  assert.deepEqual(wrong.filter((one) => !/status of (401|403|404|409)/.test(one)), []);
}
