/**
 * The routes of the page: its views, style and script, and the forms that retry and cancel a job.
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
import { checkedAt, statusOfCode } from "../http/request_error.ts";
import { Rights } from "../http/rights.ts";
import { errorResult, honoPath, parameterOf, type RouterContext } from "../http/serve_operation.ts";
import { countForAction, readManyAction, runAction } from "./act_on_many.ts";
import { Links } from "./links.ts";
import { script } from "./script.ts";
import { style } from "./style.ts";
import { documentOf, login, redirect, safeResponse } from "./document.ts";
import type { PageSettings } from "./options.ts";
import type { Asset, PageRequest, View, ViewContent } from "./view.ts";
import { actView, paramsOf, readManyFilter } from "./views/act.ts";
import { failuresView } from "./views/failures.ts";
import { jobView } from "./views/job.ts";
import { jobsView } from "./views/jobs.ts";
import { overview } from "./views/overview.ts";
import { search } from "./views/search.ts";
import { correlationByQueryView, correlationView, traceView } from "./views/trace.ts";
import { tracesView } from "./views/traces.ts";

const views: readonly View[] = [
  overview,
  search,
  jobsView,
  actView,
  failuresView,
  tracesView,
  traceView,
  correlationView,
  correlationByQueryView,
  jobView,
];

const LARGEST_FORM = 10_000;

/** Adds the page to a router. */
export function addPage(app: Hono, context: RouterContext, page: PageSettings): void {
  const route = (
    method: "get" | "post",
    path: string,
    answer: (pageRequest: PageRequest) => Promise<Response>,
  ) => {
    app[method](honoPath(path), async (c: Context) => {
      const pageRequest = {
        request: c.req.raw,
        path: path.replace(/\{\w+\}/, "0"),
        id: parameterOf(c),
        page,
        context,
      };
      try {
        return await answer(pageRequest);
      } catch (error) {
        return await errorPage(error, pageRequest);
      }
    });
  };
  route("get", "/", toOverview);
  app.get("*", (c, next) => {
    return isRouterItself(c) ? Promise.resolve(redirect("./page")) : next();
  });
  for (const view of views) route("get", view.path, (pageRequest) => showView(view, pageRequest));
  for (const asset of [style, script]) {
    route("get", `/page/${asset.name}`, (pageRequest) => showAsset(asset, pageRequest));
  }
  for (const operation of [retryJob, cancelJob]) {
    route("post", `/page${operation.path}`, (pageRequest) => runOnJob(operation, pageRequest));
  }
  route("post", actView.path, runOnMany);
}

/** The address of the router redirects to the page. */
function toOverview({ request }: PageRequest): Promise<Response> {
  // Here it has no trailing slash, unless the router is mounted at `/`.
  const [name] = new URL(request.url).pathname.split("/").slice(-1);
  return Promise.resolve(redirect(name === "" ? "./page" : `./${name}/page`));
}

/** Hono matches the address of the router with a trailing slash as one below it. */
function isRouterItself(c: Context): boolean {
  const { pathname } = new URL(c.req.url);
  return pathname.endsWith("/") && pathname.split("/").length === routePath(c).split("/").length;
}

async function showView(view: View, pageRequest: PageRequest): Promise<Response> {
  const { request, path, id, page, context: { queue, settings } } = pageRequest;
  const rights = new Rights(request, "page", settings);
  await rights.check("read");
  const { searchParams: query } = new URL(request.url);
  checkQuery(query, view.query);
  const content = await view.show({
    jobs: new AllowedJobs(queue, rights, settings),
    settings,
    page,
    id,
    query,
    to: new Links(path),
    mayWrite: (queueName) => rights.may("write", queueName),
    mayWriteAny: () => rights.hasAny("write"),
    countForAction: (action, filter) => countForAction(queue, rights, action, filter),
    now: Date.now(),
  });
  if ("redirectTo" in content) return redirect(content.redirectTo);
  return await documentOf(content, pageRequest);
}

/** Style and script need the right to read too: without it the page reveals nothing. */
async function showAsset(
  { type, text }: Asset,
  { request, context }: PageRequest,
): Promise<Response> {
  await new Rights(request, "page", context.settings).check("read");
  return safeResponse(text, 200, { "content-type": type, "cache-control": "no-cache" });
}

/** Runs an operation with the values of a form, then redirects to the job. */
async function runOnJob(operation: typeof retryJob, pageRequest: PageRequest): Promise<Response> {
  const { request, path, id, context: { queue, settings } } = pageRequest;
  const rights = new Rights(request, operation.operationId, settings);
  await rights.check("write");
  const form = await readForm(request);
  // A checked checkbox sends "on".
  const body = Object.fromEntries(
    [...form].filter(([, value]) => value !== "")
      .map(([name, value]) => [name, name !== "reason" && value === "on" ? true : value]),
  );
  const query = new URLSearchParams();
  const jobs = new AllowedJobs(queue, rights, settings);
  await operation.run({ queue, jobs, rights, settings, request, id, query, body });
  return redirect(new Links(path).job(id));
}

/** Runs an action on all jobs that match, then redirects to what it did and what is left to do. */
async function runOnMany({ request, path, context }: PageRequest): Promise<Response> {
  const { queue, settings } = context;
  const form = await readForm(request);
  const action = checkedAt("do", () => readManyAction(form.get("do")));
  const rights = new Rights(request, action.operation, settings);
  await rights.check("write");
  const filter = readManyFilter(form);
  const reason = form.get("reason") || undefined;
  const { changed, refused } = await runAction(queue, rights, action, { filter, reason });
  const result = [["do", action.name], ["done", String(changed)], [
    "left",
    String(refused),
  ]] as const;
  return redirect(new Links(path).act([...result, ...paramsOf(filter)]));
}

/** The form that a page of this origin sent. */
async function readForm(request: Request): Promise<URLSearchParams> {
  checkForm(request);
  return new URLSearchParams(new TextDecoder().decode(await readBytes(request, LARGEST_FORM)));
}

async function errorPage(error: unknown, pageRequest: PageRequest): Promise<Response> {
  const { status, body, headers } = errorResult(error, pageRequest.context.settings.onError);
  const { error: { message } } = body as { readonly error: { readonly message: string } };
  const title = titles[status] ?? "Error";
  const content: ViewContent = {
    title,
    body: html`<h1>${title}</h1>
<p>${message}.</p>`,
    isLive: false,
    status,
  };
  return await documentOf(
    content,
    pageRequest,
    status === statusOfCode.unauthorized ? login : headers,
  );
}

const titles: Readonly<Record<number, string>> = {
  [statusOfCode.not_found]: "Nothing found",
  [statusOfCode.unauthorized]: "Password required",
  [statusOfCode.conflict]: "Nothing was changed",
};
