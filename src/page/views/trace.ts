/**
 * The waterfalls of a trace and of a business process with all its traces.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import { checkCorrelationId, readTraceId } from "../../job/ids.ts";
import { shown } from "../../job/checks.ts";
import type { AllowedJobs } from "../../http/allowed_jobs.ts";
import type { JobSummary, JobWithAttempts } from "../../job/job.ts";
import { type JobTree, jobTree } from "../../queue/job_tree.ts";
import type { JobFilter } from "../../queue/find.ts";
import { criticalPath, criticalPathText } from "../../queue/critical_path.ts";
import { timeline } from "../../queue/timeline.ts";
import { EventLoopYield } from "../../worker/sleep.ts";
import { checkedAt, invalidInput, RequestError } from "../../http/request_error.ts";
import { traceAddress } from "../options.ts";
import type { Html, View, ViewContent, ViewRequest } from "../view.ts";
import { actionsFor } from "../act_on_many.ts";
import { actionLinks, copyableId, timestamp } from "../elements.ts";
import { waterfall, type WaterfallState } from "../waterfall/waterfall.ts";
import { counted } from "../waterfall/descriptions.ts";

const stateNames = ["open", "from"];
const MAX_OPEN = 50;

/** The jobs of a trace. */
export const traceView: View = {
  path: "/page/traces/{traceId}",
  query: stateNames,
  show: async (request) => {
    const traceId = checkedAt("traceId", () => readTraceId(request.id));
    const tree = await readTree(request.jobs, { traceId });
    if (tree.jobs.length === 0) {
      throw new RequestError("not_found", `No job has the trace id ${traceId}`);
    }
    const head = html`<h1>Trace ${copyableId(traceId)}</h1>
<p class="facts">${factsOf(tree, request)}${correlationsOf(tree, request)}${
      linksOut(traceId, request)
    }</p>`;
    return contentOf(`Trace ${traceId.slice(0, 8)}`, head, tree, [["traceId", traceId]], request);
  },
};

/** The jobs of a business process. */
export const correlationView: View = {
  path: "/page/correlations/{correlationId}",
  query: stateNames,
  show: async (request) => {
    const correlationId = checkedAt("correlationId", () => checkCorrelationId(request.id));
    const tree = await readTree(request.jobs, { correlationId });
    if (tree.jobs.length === 0) {
      throw new RequestError("not_found", `No job has the correlation id ${correlationId}`);
    }
    const traces = new Set(tree.roots.map(({ job }) => job.traceId));
    const head = html`<h1>Correlation ${copyableId(correlationId)}</h1>
<p class="facts">${factsOf(tree, request)} <span>${counted(traces.size, "trace")}</span>${
      traces.size === 1
        ? html`
          <a href="${request.to.trace([...traces][0]!)}">Show trace</a>
        `
        : ""
    }</p>`;
    return contentOf(correlationId, head, tree, [["correlationId", correlationId]], request);
  },
};

/** The same for ids that cannot be in a path. */
export const correlationByQueryView: View = {
  path: "/page/correlations",
  query: [...stateNames, "correlationId"],
  show: (request) =>
    correlationView.show({ ...request, id: request.query.get("correlationId") ?? "" }),
};

async function contentOf(
  title: string,
  head: Html,
  tree: JobTree,
  params: readonly (readonly [string, string])[],
  request: ViewRequest,
): Promise<ViewContent> {
  const actions = actionsFor(tree.jobs.map(({ status }) => status));
  const mayAct = actions.length > 0 && await request.mayWriteAny();
  const times = timeline(tree, request.now);
  const path = tree.jobs.length > 1 ? criticalPath(times) : [];
  const body = html`${head}
${mayAct ? actionLinks(actions, params, request) : ""}
${path.length > 0 ? html`<p class="note">Critical path: ${criticalPathText(path)}</p>` : ""}
${
    tree.nextCursor === undefined
      ? ""
      : html`<p class="note">Only the newest ${counted(tree.jobs.length, "job")} are shown.</p>`
  }
${waterfall(times, path, readState(request.query), request.to)}`;
  return { title, body, isLive: tree.finishedAt === undefined };
}

function factsOf(tree: JobTree, { now }: ViewRequest): Html {
  const { jobs, startedAt, finishedAt } = tree;
  const length = durationText((finishedAt?.getTime() ?? now) - startedAt!.getTime());
  const duration = finishedAt === undefined ? `running for ${length}` : `took ${length}`;
  return html`<span>${counted(jobs.length, "job")}</span> <span>${duration}</span> <span>started ${
    timestamp(startedAt!)
  }</span>`;
}

function correlationsOf({ roots }: JobTree, { to }: ViewRequest): Html | string {
  const ids = new Set(roots.flatMap(({ job }) => job.correlationId ?? []));
  if (ids.size === 0 || ids.size > 5) return "";
  return html`
    <span>correlation ${[...ids].map((id) =>
      html`
        <a class="id" href="${to.correlation(id)}">${id}</a>
      `
    )}</span>
  `;
}

function linksOut(traceId: string, { page }: ViewRequest): readonly Html[] {
  return page.traceLinks.map((link) =>
    html`
      <a href="${traceAddress(link, traceId)}" rel="noreferrer">Open in ${link.name}</a>
    `
  );
}

function readState(query: URLSearchParams): WaterfallState {
  const open = query.getAll("open");
  if (open.length > MAX_OPEN) {
    throw invalidInput(`open can be given up to ${MAX_OPEN} times: got ${open.length}`, "open");
  }
  const from = query.get("from") ?? "0";
  if (!/^\d{1,5}$/.test(from)) {
    throw invalidInput(`from must be a whole number from 0 to 99999: got ${shown(from)}`, "from");
  }
  return { open, from: Number(from), correlationId: query.get("correlationId") };
}

/** The maximum number of jobs of a waterfall. They are all held in memory. */
const MAX_WATERFALL_JOBS = 10_000;

/** The tree of the newest jobs, with a `nextCursor` if there are more. */
async function readTree(jobs: AllowedJobs, filter: JobFilter): Promise<JobTree> {
  const all: JobWithAttempts<JobSummary>[] = [];
  const eventLoop = new EventLoopYield();
  let cursor: string | undefined;
  do {
    const page = await jobs.findWithAttempts({ ...filter, limit: 1_000, include: [], cursor });
    for (const job of page.jobs) all.push(job);
    cursor = page.nextCursor;
    await eventLoop.yieldIfDue();
  } while (cursor !== undefined && all.length < MAX_WATERFALL_JOBS);
  return jobTree({ jobs: all, nextCursor: cursor });
}
