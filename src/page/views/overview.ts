/**
 * The overview: the jobs of each queue by status, the last hour, the latest failures and the latest
 * traces.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import type { JobSummary } from "../../job/job.ts";
import type { QueueStats } from "../../queue/stats.ts";
import { groupBy } from "../group_by.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { relativeTime, statusMark } from "../elements.ts";
import { counted, number } from "../waterfall/descriptions.ts";

const ENDED_WITHIN_MS = 3_600_000;
const MAX_FAILURES = 10;
const MAX_TRACES = 10;
const MAX_JOBS_READ = 200;

/** The overview. */
export const overview: View = {
  path: "/page",
  query: [],
  show: async (request) => {
    const { jobs, settings: { maxPageSize } } = request;
    const [{ queues }, failed, latest] = await Promise.all([
      jobs.stats({ endedWithinMs: ENDED_WITHIN_MS }),
      jobs.find({
        status: "failed",
        limit: Math.min(MAX_FAILURES, maxPageSize),
        include: [],
      }),
      jobs.find({ limit: Math.min(MAX_JOBS_READ, maxPageSize), include: [] }),
    ]);
    const body = html`<h1>Queues</h1>
${queues.length === 0 ? noJobs : queueTable(queues)}
${latest.jobs.length > 0 ? latestTraces(latest.jobs, request) : ""}
${failed.jobs.length > 0 ? latestFailures(failed.jobs, request) : ""}`;
    return { title: "Queues", body, isLive: true };
  },
};

const noJobs = html`<p>There are no jobs yet. A queue appears here with its first job.</p>`;

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

/** Zeros are dashes, so that other counts stand out. */
function shownCount(count: number): string {
  return count === 0 ? "–" : number(count);
}

/** Of completed and failed jobs. Cancelled jobs say nothing about their handler. */
function failureRate({ completed, failed }: NonNullable<QueueStats["ended"]>): string {
  const all = failed + completed;
  if (all === 0) return "–";
  const percent = 100 * failed / all;
  return percent > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}

function latestTraces(jobs: readonly JobSummary[], { to, now }: ViewRequest): Html {
  const traces = [...groupBy(jobs, ({ traceId }) => traceId)].slice(0, MAX_TRACES);
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
