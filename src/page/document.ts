/**
 * Answers of the page: each with a policy that lets nothing in but the page's own style and script.
 *
 * @module
 */
import { html } from "hono/html";
import { Addresses } from "./links.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import type { PageSettings } from "./options.ts";
import type { Html, ViewContent } from "./view.ts";

type Headers = Readonly<Record<string, string>>;

// With no referrer at all a browser would send `origin: null` with its forms.
const safely: Headers = {
  "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; " +
    "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** A browser asks for a name and a password then: any name, and a token as the password. */
export const login: Headers = { "www-authenticate": 'Basic realm="hammerwork", charset="UTF-8"' };

/** Any answer. */
export function safeResponse(body: string | null, status: number, headers: Headers): Response {
  return new Response(body, { status, headers: { ...safely, ...headers } });
}

/** The way to another view. After a form, too, the next request is a `GET`. */
export function redirect(location: string): Response {
  return safeResponse(null, 303, { location });
}

/** Who asks, and where. */
interface Asker {
  readonly request: Request;
  readonly path: string;
  readonly page: PageSettings;
}

/** A view as a whole document, which nobody is to keep. */
export async function documentOf(
  shown: ViewContent,
  { path, page, request }: Asker,
  headers: Headers = {},
): Promise<Response> {
  const asked = new URL(request.url).searchParams.get("q") ?? "";
  const text = String(await layout(shown, page.title, new Addresses(path), asked));
  return safeResponse(text, shown.status ?? 200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });
}

/** A whole document. */
function layout(
  { title, body, isLive }: ViewContent,
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
