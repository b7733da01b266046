/**
 * Protection against cross-site requests: a browser attaches its user's credentials to a request
 * whichever site's page sends it.
 *
 * @module
 */
import { RequestError } from "./request_error.ts";
import type { RouterSettings } from "./router_options.ts";

/** Refuses a form unless the browser says that a page of this origin sent it. */
export function checkForm(request: Request): void {
  const origin = request.headers.get("origin");
  const site = request.headers.get("sec-fetch-site") ??
    (isSameHost(origin, request) ? "same-origin" : "");
  if (site !== "same-origin") {
    throw new RequestError("forbidden", "A form must be sent by a page of this origin");
  }
}

/** Refuses a request that a page of another origin sent, unless that origin is allowed. */
export function checkSite(request: Request, { allowedOrigins }: RouterSettings): void {
  const origin = request.headers.get("origin");
  const isAllowed = origin !== null && allowedOrigins.has(origin);
  if (!isAllowed && isCrossSite(request, origin)) {
    throw new RequestError(
      "forbidden",
      "Pages of other origins cannot write, unless allowedOrigins has their origin",
    );
  }
}

/** Refuses other content types than JSON. Without a preflight request no other origin can send JSON. */
export function checkContentType(request: Request): void {
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(contentType.trim())) {
    throw new RequestError(
      "unsupported_media_type",
      "The content type must be application/json",
    );
  }
}

/** `sec-fetch-site` holds behind any proxy. Older browsers send the origin only. */
function isCrossSite(request: Request, origin: string | null): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site !== null) return site !== "same-origin" && site !== "none";
  return origin !== null && !isSameHost(origin, request);
}

/** Compares hosts only: behind a proxy that ends TLS the schemes differ. */
function isSameHost(origin: string | null, request: Request): boolean {
  return origin !== null && URL.canParse(origin) &&
    new URL(origin).host === new URL(request.url).host;
}
