/**
 * The routes of the page: each view, its style and its script, and the forms that retry and cancel.
 *
 * @module
 */
import type { Context, Hono } from "hono";
import { html } from "hono/html";
import { routePath } from "hono/route";
import { checkForm } from "../http/cross_site.ts";
import { AllowedJobs } from "../http/allowed_jobs.ts";
import { readBytes } from "../http/body.ts";
import { cancelJob, retryJob } from "../http/operations/actions.ts";
import { checkQuery } from "../http/query.ts";
import { statusOfCode } from "../http/request_error.ts";
import { Rights } from "../http/rights.ts";
import { errorResult, honoPath, parameterOf, type RouterContext } from "../http/serve_operation.ts";
import { Addresses } from "./links.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { documentOf, login, redirect, safeResponse } from "./document.ts";
import type { PageSettings } from "./options.ts";
import type { Asset, View, ViewContent } from "./view.ts";
import { jobView } from "./views/job.ts";
import { overview } from "./views/overview.ts";
import { search } from "./views/search.ts";
import { correlationByQueryView, correlationView, traceView } from "./views/trace.ts";

const views: readonly View[] = [
  overview,
  search,
  traceView,
  correlationView,
  correlationByQueryView,
  jobView,
];

const LARGEST_FORM = 10_000;

/** A request of the page, and what it is answered from. */
interface PageRequest {
  readonly request: Request;
  /** Its path below the router. */
  readonly path: string;
  /** The value of the path's parameter. */
  readonly id: string;
  readonly page: PageSettings;
  readonly context: RouterContext;
}

/** Adds the page to a router. */
export function addPage(app: Hono, context: RouterContext, page: PageSettings): void {
  const route = (
    method: "get" | "post",
    path: string,
    answer: (asked: PageRequest) => Promise<Response>,
  ) => {
    app[method](honoPath(path), async (c: Context) => {
      const asked = {
        request: c.req.raw,
        path: path.replace(/\{\w+\}/, "0"),
        id: parameterOf(c),
        page,
        context,
      };
      try {
        return await answer(asked);
      } catch (error) {
        return await errorPage(error, asked);
      }
    });
  };
  route("get", "/", toOverview);
  app.get("*", (c, next) => {
    return isRouterItself(c) ? Promise.resolve(redirect("./page")) : next();
  });
  for (const view of views) route("get", view.path, (asked) => showView(view, asked));
  for (const asset of [style, script]) {
    route("get", `/page/${asset.name}`, (asked) => showAsset(asset, asked));
  }
  for (const operation of [retryJob, cancelJob]) {
    route("post", `/page${operation.path}`, (asked) => steer(operation, asked));
  }
}

/** Who opens the router itself wants to see the page. */
function toOverview({ request }: PageRequest): Promise<Response> {
  // Its address ends without a slash here, unless it is mounted at the top.
  const [name] = new URL(request.url).pathname.split("/").slice(-1);
  return Promise.resolve(redirect(name === "" ? "./page" : `./${name}/page`));
}

/** With a slash at its end the router's own address is, to Hono, one below it. */
function isRouterItself(c: Context): boolean {
  const { pathname } = new URL(c.req.url);
  return pathname.endsWith("/") && pathname.split("/").length === routePath(c).split("/").length;
}

async function showView(view: View, asked: PageRequest): Promise<Response> {
  const { request, path, id, page, context: { queue, settings } } = asked;
  const rights = new Rights(request, "page", settings);
  await rights.check("read");
  const { searchParams: query } = new URL(request.url);
  checkQuery(query, view.query);
  const shown = await view.show({
    jobs: new AllowedJobs(queue, rights),
    settings,
    page,
    id,
    query,
    to: new Addresses(path),
    mayWrite: (queueName) => rights.may("write", queueName),
    now: Date.now(),
  });
  if ("goTo" in shown) return redirect(shown.goTo);
  return await documentOf(shown, asked);
}

/** Not even the page's style is for everybody: whoever may not read learns nothing. */
async function showAsset(
  { type, text }: Asset,
  { request, context }: PageRequest,
): Promise<Response> {
  await new Rights(request, "page", context.settings).check("read");
  return safeResponse(text, 200, { "content-type": type, "cache-control": "no-cache" });
}

/** Retries or cancels as the operation of that name does, then shows the job. */
async function steer(operation: typeof retryJob, asked: PageRequest): Promise<Response> {
  const { request, path, id, context: { queue, settings } } = asked;
  const rights = new Rights(request, operation.operationId, settings);
  await rights.check("write");
  checkForm(request);
  const form = new URLSearchParams(
    new TextDecoder().decode(await readBytes(request, LARGEST_FORM)),
  );
  // A form has no booleans: what is ticked has no value of its own.
  const body = Object.fromEntries(
    [...form].filter(([, value]) => value !== "")
      .map(([name, value]) => [name, name !== "reason" && value === "on" ? true : value]),
  );
  const query = new URLSearchParams();
  const jobs = new AllowedJobs(queue, rights);
  await operation.run({ queue, jobs, rights, settings, request, id, query, body });
  return redirect(new Addresses(path).job(id));
}

async function errorPage(error: unknown, asked: PageRequest): Promise<Response> {
  const { status, body, headers } = errorResult(error, asked.context.settings.onError);
  const { error: { message } } = body as { readonly error: { readonly message: string } };
  const title = titles[status] ?? "This cannot be shown";
  const shown: ViewContent = {
    title,
    body: html`<h1>${title}</h1>
<p>${message}.</p>`,
    isLive: false,
    status,
  };
  return await documentOf(shown, asked, status === statusOfCode.unauthorized ? login : headers);
}

const titles: Readonly<Record<number, string>> = {
  [statusOfCode.not_found]: "Nothing found",
  [statusOfCode.unauthorized]: "Not without a password",
  [statusOfCode.conflict]: "This cannot be done now",
};
