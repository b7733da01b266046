/**
 * The responses of the page: the HTML document of a view, with a content security policy that allows
 * the style and the script of the page only.
 *
 * @module
 */
import { html } from "hono/html";
import { Links } from "./links.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import type { Html, PageRequest, ViewContent } from "./view.ts";

type Headers = Readonly<Record<string, string>>;

// Without a referrer browsers send `origin: null` with forms.
const safely: Headers = {
  "content-security-policy": "default-src 'none'; style-src 'self'; script-src 'self'; " +
    "connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  "referrer-policy": "same-origin",
  "x-content-type-options": "nosniff",
};

/** Makes a browser ask for a password, which is a token; the user name can be anything. */
export const login: Headers = { "www-authenticate": 'Basic realm="hammerwork", charset="UTF-8"' };

/** A response with the headers that protect the page. */
export function safeResponse(body: string | null, status: number, headers: Headers): Response {
  return new Response(body, { status, headers: { ...safely, ...headers } });
}

/** A redirect to another view. The next request is a `GET`, also after a form. */
export function redirect(location: string): Response {
  return safeResponse(null, 303, { location });
}

/** The document of a view. It is not cached. */
export async function documentOf(
  content: ViewContent,
  { path, page, request }: PageRequest,
  headers: Headers = {},
): Promise<Response> {
  const query = new URL(request.url).searchParams.get("q") ?? "";
  const text = String(await layout(content, page.title, path, query));
  return safeResponse(text, content.status ?? 200, {
    "content-type": "text/html; charset=utf-8",
    "cache-control": "no-store",
    ...headers,
  });
}

/** The document, with the lists and the search in its header. */
function layout(
  { title, body, isLive }: ViewContent,
  name: string,
  path: string,
  query: string,
): Html {
  const to = new Links(path);
  const lists: readonly (readonly [string, string, string])[] = [
    ["Queues", "/page", to.overview()],
    ["Jobs", "/page/jobs", to.jobs()],
    ["Traces", "/page/traces", to.traces()],
    ["Failures", "/page/failures", to.failures()],
  ];
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
          <nav aria-label="Lists">${lists.map(([text, at, address]) =>
            html`
              <a href="${address}" ${at === path
                ? html`
                  aria-current="page"
                `
                : ""}>${text}</a>
            `
          )}</nav>
          <form role="search" action="${to.search()}">
    <label class="visually-hidden" for="q">Id of a job, trace or process, or a queue</label>
    <input id="q" name="q" type="search" value="${query}" maxlength="300" autocomplete="off"
    spellcheck="false" placeholder="Id of a job, trace or process, or a queue"><button>Find</button>
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
