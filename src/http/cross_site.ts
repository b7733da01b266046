/**
 * No writing from other sites' pages.
 *
 * @module
 */
import { RequestError } from "./request_error.ts";
import type { RouterSettings } from "./router_options.ts";

/**
 * Refuses a form that does not come from the page itself. Any site's page can send one, with whatever
 * lets its user in, so the browser must say that it was this one.
 */
export function checkForm(request: Request): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site") ??
    (isOwn(origin, request) ? "same-origin" : "");
  if (site !== "same-origin") {
    throw new RequestError("forbidden", "Only this page's own forms may change anything here");
  }
}

/**
 * Refuses to write for the page of another site: a browser sends such a request along with whatever
 * lets its user in.
 */
export function checkSite(request: Request, { allowedOrigins }: RouterSettings): void {
  const origin = request.headers.get("origin");
  const isAllowed = origin !== null && allowedOrigins.has(origin);
  if (!isAllowed && isFromElsewhere(request, origin)) {
    throw new RequestError("forbidden", "Pages of other sites may not change anything here");
  }
}

/** Refuses a body that does not say that it is JSON, which no page can send without being asked about. */
export function checkContentType(request: Request): void {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(contentType.trim())) {
    throw new RequestError(
      "unsupported_media_type",
      "A request that changes something must have the content type application/json",
    );
  }
}

/** What the browser says of itself holds whatever a proxy makes of the host; older ones say only where from. */
function isFromElsewhere(request: Request, origin: string | null): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  return origin !== null && !isOwn(origin, request);
}

/** By host alone: behind a proxy that ends TLS the request's own scheme is another. */
function isOwn(origin: string | null, request: Request): boolean {
  return origin !== null && URL.canParse(origin) &&
    new URL(origin).host === new URL(request.url).host;
}
