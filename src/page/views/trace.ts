/**
 * A trace, and a business process with all its traces: as waterfalls.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import { checkCorrelationId, readTraceId } from "../../job/ids.ts";
import type { AllowedJobs } from "../../http/allowed_jobs.ts";
import type { JobSummary, JobWithAttempts } from "../../job/job.ts";
import { type JobTree, jobTree } from "../../queue/job_tree.ts";
import type { JobFilter } from "../../queue/lookup.ts";
import { EventLoopYield } from "../../worker/sleep.ts";
import { checkedAt, invalidInput, RequestError } from "../../http/request_error.ts";
import { traceAddress } from "../options.ts";
import type { Html, View, ViewContent, ViewRequest } from "../view.ts";
import { copyableId, timestamp } from "../elements.ts";
import { waterfall, type WaterfallState } from "../waterfall/waterfall.ts";
import { counted } from "../waterfall/descriptions.ts";

const cutNames = ["open", "from"];
const MOST_OPEN = 50;

/** The jobs of a trace. */
export const traceView: View = {
  path: "/page/traces/{traceId}",
  query: cutNames,
  show: async (visit) => {
    const traceId = checkedAt("traceId", () => readTraceId(visit.id));
    const tree = await readTree(visit.jobs, { traceId });
    if (tree.jobs.length === 0) {
      throw new RequestError("not_found", `No job has the trace id ${traceId}`);
    }
    const head = html`<h1>Trace ${copyableId(traceId)}</h1>
<p class="facts">${factsOf(tree, visit)}${correlationsOf(tree, visit)}${
      linksOut(traceId, visit)
    }</p>`;
    return shown(`Trace ${traceId.slice(0, 8)}`, head, tree, visit);
  },
};

/** The jobs of a business process. */
export const correlationView: View = {
  path: "/page/correlations/{correlationId}",
  query: cutNames,
  show: async (visit) => {
    const correlationId = checkedAt("correlationId", () => checkCorrelationId(visit.id));
    const tree = await readTree(visit.jobs, { correlationId });
    if (tree.jobs.length === 0) {
      throw new RequestError("not_found", `No job has the correlation id ${correlationId}`);
    }
    const traces = new Set(tree.roots.map(({ job }) => job.traceId));
    const head = html`<h1>Correlation ${copyableId(correlationId)}</h1>
<p class="facts">${factsOf(tree, visit)} <span>${counted(traces.size, "trace")}</span>${
      traces.size === 1
        ? html`
          <a href="${visit.to.trace([...traces][0]!)}">Its trace</a>
        `
        : ""
    }</p>`;
    return shown(correlationId, head, tree, visit);
  },
};

/** The same for the ids that cannot stand in a path. */
export const correlationByQueryView: View = {
  path: "/page/correlations",
  query: [...cutNames, "correlationId"],
  show: (visit) => correlationView.show({ ...visit, id: visit.query.get("correlationId") ?? "" }),
};

function shown(title: string, head: Html, tree: JobTree, visit: ViewRequest): ViewContent {
  const body = html`${head}
${
    tree.nextCursor === undefined
      ? ""
      : html`<p class="note">There are more: these are the newest ${
        counted(tree.jobs.length, "job")
      }.</p>`
  }
${waterfall(tree, readCut(visit.query), visit.to, visit.now)}`;
  return { title, body, isLive: tree.finishedAt === undefined };
}

function factsOf(tree: JobTree, { now }: ViewRequest): Html {
  const { jobs, startedAt, finishedAt } = tree;
  const length = durationText((finishedAt?.getTime() ?? now) - startedAt!.getTime());
  const isOver = finishedAt === undefined ? `goes on since ${length}` : `took ${length}`;
  return html`<span>${counted(jobs.length, "job")}</span> <span>${isOver}</span> <span>from ${
    timestamp(startedAt!)
  }</span>`;
}

function correlationsOf({ roots }: JobTree, { to }: ViewRequest): Html | string {
  const ids = new Set(roots.flatMap(({ job }) => job.correlationId ?? []));
  if (ids.size === 0 || ids.size > 5) return "";
  return html`
    <span>of ${[...ids].map((id) =>
      html`
        <a class="id" href="${to.correlation(id)}">${id}</a>
      `
    )}</span>
  `;
}

function linksOut(traceId: string, { page }: ViewRequest): readonly Html[] {
  return page.traceLinks.map((link) =>
    html`
      <a href="${traceAddress(link, traceId)}" rel="noreferrer">In ${link.name}</a>
    `
  );
}

function readCut(query: URLSearchParams): WaterfallState {
  const open = query.getAll("open");
  if (open.length > MOST_OPEN) {
    throw invalidInput(`open can be given up to ${MOST_OPEN} times: got more`, "open");
  }
  const from = query.get("from") ?? "0";
  if (!/^\d{1,5}$/.test(from)) {
    throw invalidInput("from must be a whole number from 0 to 99999: got something else", "from");
  }
  return { open, from: Number(from), correlationId: query.get("correlationId") };
}

/** More than anybody looks at, and no more than can be held in memory at ease. */
const MOST_JOBS = 10_000;

/** The tree of the newest 10,000 jobs, with a `nextCursor` where there are more. */
async function readTree(jobs: AllowedJobs, filter: JobFilter): Promise<JobTree> {
  const all: JobWithAttempts<JobSummary>[] = [];
  const eventLoop = new EventLoopYield();
  let cursor: string | undefined;
  do {
    const page = await jobs.findWithAttempts({ ...filter, limit: 1_000, include: [], cursor });
    for (const job of page.jobs) all.push(job);
    cursor = page.nextCursor;
    await eventLoop.yieldIfDue();
  } while (cursor !== undefined && all.length < MOST_JOBS);
  return jobTree({ jobs: all, nextCursor: cursor });
}
