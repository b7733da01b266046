/**
 * Who may do what: rights, and no writing from other sites' pages.
 *
 * @module
 */
import { RequestError } from "./request_error.ts";
import type { Right, RouterSettings } from "./router_options.ts";

/** Refuses a request that has not the right it needs. */
export async function checkAccess(
  request: Request,
  right: Right,
  { authorize, publicAccess }: RouterSettings,
): Promise<void> {
  if (publicAccess === "write" || publicAccess === right) return;
  if (authorize === undefined) {
    throw new RequestError("forbidden", "Nobody may change anything here; it is for reading only");
  }
  if (await authorize(request, right) === true) return;
  if (right === "write" && await authorize(request, "read") === true) {
    throw new RequestError("forbidden", "This needs the right to write; yours is to read");
  }
  const headers = { "www-authenticate": "Bearer" };
  throw new RequestError("unauthorized", `This needs the right to ${right}`, {}, headers);
}

/**
 * Refuses to write for the page of another site: a browser sends such a request along with whatever
 * lets its user in. A content type of JSON is what no page can send without being asked about first.
 */
export function checkSite(request: Request, { allowedOrigins }: RouterSettings): void {
  const origin = request.headers.get("origin");
  const isAllowed = origin !== null && allowedOrigins.has(origin);
  if (!isAllowed && isFromElsewhere(request, origin)) {
    throw new RequestError("forbidden", "Pages of other sites may not change anything here");
  }
  const contentType = request.headers.get("content-type") ?? "";
  if (!/^application\/json\s*(;|$)/i.test(contentType.trim())) {
    throw new RequestError(
      "unsupported_media_type",
      "A request that changes something must have the content type application/json",
    );
  }
}

function isFromElsewhere(request: Request, origin: string | null): boolean {
  const site = request.headers.get("sec-fetch-site");
  if (site === "cross-site" || site === "same-site") return true;
  if (origin === null) return false;
  // By host alone: behind a proxy that ends TLS the request's own scheme is another.
  return !URL.canParse(origin) || new URL(origin).host !== new URL(request.url).host;
}
