/**
 * The overview: how each queue stands, what went by in the last hour, what failed last, and the
 * latest traces.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import type { JobSummary } from "../../job/job.ts";
import type { QueueStats } from "../../queue/stats.ts";
import { groupedBy } from "../group_by.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { relativeTime, statusMark } from "../elements.ts";
import { counted, number } from "../waterfall/descriptions.ts";

const HOUR = 3_600_000;
const LATEST_FAILURES = 10;
const LATEST_TRACES = 10;
const LATEST_JOBS = 200;

/** The page's first view. */
export const overview: View = {
  path: "/page",
  query: [],
  show: async (visit) => {
    const { jobs, settings: { maxPageSize } } = visit;
    const [{ queues }, failed, latest] = await Promise.all([
      jobs.stats({ endedWithinMs: HOUR }),
      jobs.find({
        status: "failed",
        limit: Math.min(LATEST_FAILURES, maxPageSize),
        include: [],
      }),
      jobs.find({ limit: Math.min(LATEST_JOBS, maxPageSize), include: [] }),
    ]);
    const body = html`<h1>Queues</h1>
${queues.length === 0 ? nothing : queueTable(queues)}
${latest.jobs.length > 0 ? latestTraces(latest.jobs, visit) : ""}
${failed.jobs.length > 0 ? latestFailures(failed.jobs, visit) : ""}`;
    return { title: "Queues", body, isLive: true };
  },
};

const nothing = html`<p>No job is stored here yet. As soon as one is, its queue is shown.</p>`;

const columns: readonly (readonly [string, (queue: QueueStats) => string])[] = [
  ["Ready", ({ jobs }) => shownCount(jobs.ready)],
  ["Running", ({ jobs }) => shownCount(jobs.running)],
  ["Waiting", ({ waiting }) => shownCount(waiting)],
  ["Completed", ({ jobs }) => shownCount(jobs.completed)],
  ["Failed", ({ jobs }) => shownCount(jobs.failed)],
  ["Cancelled", ({ jobs }) => shownCount(jobs.cancelled)],
  ["Last hour", ({ ended }) => shownCount(ended!.completed + ended!.failed)],
  ["Failure rate", ({ ended }) => failureRate(ended!)],
  ["Oldest ready", ({ oldestReadyMs: ms }) => ms === undefined ? "–" : durationText(ms)],
];

function queueTable(queues: readonly QueueStats[]): Html {
  return html`
    <table class="queues">
      <thead>
        <tr><th scope="col">Queue</th>${columns.map(([name]) =>
          html`<th scope="col">${name}</th>`
        )}</tr>
      </thead>
      <tbody>
    ${queues.map((queue) =>
      html`
        <tr><th scope="row">${queue.queueName}</th>${columns.map(([label, textOf]) =>
          html`<td data-label="${label}">${textOf(queue)}</td>`
        )}</tr>
      `
    )}</tbody>
    </table>
  `;
}

/** Nothing is easier to pass over than a zero. */
function shownCount(count: number): string {
  return count === 0 ? "–" : number(count);
}

/** Of the jobs that ran to their end; what was cancelled tells nothing of its handler. */
function failureRate({ completed, failed }: NonNullable<QueueStats["ended"]>): string {
  const all = failed + completed;
  if (all === 0) return "–";
  const percent = 100 * failed / all;
  return percent > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}

function latestTraces(jobs: readonly JobSummary[], { to, now }: ViewRequest): Html {
  const traces = [...groupedBy(jobs, ({ traceId }) => traceId)].slice(0, LATEST_TRACES);
  return html`<h2>Latest traces</h2>
<ol class="lines">
${
    traces.map(([traceId, jobs]) => {
      const first = jobs.at(-1)!;
      const failed = jobs.filter(({ status }) => status === "failed").length;
      return html`
        <li id="${traceId}"><a href="${to.trace(traceId)}"><code>${traceId}</code></a>
        <span>${first.queueName}</span>${correlation(first, to)}
        ${failed > 0 ? html`<span class="error">${number(failed)} failed</span>` : ""}
        <span class="when">${relativeTime(first.createdAt, now)}</span></li>
      `;
    })
  }</ol>`;
}

function correlation({ correlationId }: JobSummary, to: ViewRequest["to"]): Html | string {
  if (correlationId === undefined) return "";
  return html`<a class="id" href="${to.correlation(correlationId)}">${correlationId}</a>`;
}

function latestFailures(jobs: readonly JobSummary[], { to, now }: ViewRequest): Html {
  return html`<h2>Latest failures</h2>
<ol class="lines" aria-label="${counted(jobs.length, "failed job")}">
${
    jobs.map(({ id, queueName, status, error, finishedAt, createdAt }) =>
      html`
        <li id="${id}">${statusMark(status)} <a href="${to.job(id)}">${queueName}</a>
        <span class="error">${error === undefined ? "" : `${error.name}: ${error.message}`}</span>
        <span class="when">${relativeTime(finishedAt ?? createdAt, now)}</span></li>
      `
    )
  }</ol>`;
}
