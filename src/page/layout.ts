/**
 * What every view stands in: the head with the search, and the foot.
 *
 * @module
 */
import { html } from "hono/html";
import type { Addresses } from "./links.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import type { Html, Shown } from "./view.ts";

/** A whole document. */
export function layout(
  { title, body, isLive }: Shown,
  name: string,
  to: Addresses,
  asked = "",
): Html {
  return html`
    <!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <title>${title} · ${name}</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="${to.asset(style.name)}">
        <script src="${to.asset(script.name)}" defer></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="home" href="${to.overview()}">${name}</a>
          <form role="search" action="${to.search()}">
    <label class="unseen" for="q">Trace, correlation or job id</label>
    <input id="q" name="q" type="search" value="${asked}" required maxlength="300" autocomplete="off"
    spellcheck="false" placeholder="Trace, correlation or job id"><button>Find</button>
          </form>
          <p id="live"></p>
        </header>
        <main id="main" tabindex="-1" ${isLive
          ? html`
            data-live
          `
          : ""}>
    ${body}
        </main>
      </body>
    </html>
  `;
}
