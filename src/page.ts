/**
 * The page of a job router: queues, traces as waterfalls, jobs, and the forms that retry and cancel
 * them. An entry of its own, so that a router without it does not carry it.
 *
 * @module
 */
import type { RouterPage } from "./http/router_options.ts";
import { type PageOptions, readPageOptions } from "./page/options.ts";
import { addPage } from "./page/routes.ts";

export type { PageOptions } from "./page/options.ts";

/**
 * A page for browsers at `/page` below a router. It is shown to requests with the right to read;
 * those with the right to write can retry and cancel jobs. It works without scripts.
 *
 * @throws {TypeError} when an option is unknown, the title is empty, or a link has no `{traceId}`.
 *
 * ```ts
 * import { JobQueue, memory } from "hammerwork";
 * import { jobRouter } from "hammerwork/http";
 * import { page } from "hammerwork/page";
 * import assert from "node:assert/strict";
 *
 * const queue = new JobQueue({ store: memory() });
 * const router = jobRouter(queue, {
 *   publicAccess: "read",
 *   page: page({
 *     title: "Shop, staging",
 *     traceLinks: { Jaeger: "http://localhost:16686/trace/{traceId}" },
 *   }),
 * });
 * assert.match(await (await router.request("/page")).text(), /Shop, staging/);
 * ```
 */
export function page(options: PageOptions = {}): RouterPage {
  const settings = readPageOptions(options);
  return { addTo: (app, context) => addPage(app, context, settings) };
}
