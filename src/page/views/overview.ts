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
import { FailureGroups } from "../failure_groups.ts";
import { correlationLink, relativeTime } from "../elements.ts";
import { number } from "../waterfall/descriptions.ts";
import { failureLines } from "./failures.ts";

const ENDED_WITHIN_MS = 3_600_000;
const MAX_FAILURES = 10;
const MAX_FAILURES_READ = 200;
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
        limit: Math.min(MAX_FAILURES_READ, maxPageSize),
        include: [],
      }),
      jobs.find({ limit: Math.min(MAX_JOBS_READ, maxPageSize), include: [] }),
    ]);
    const body = html`<h1>Queues</h1>
${queues.length === 0 ? noJobs : queueTable(queues, request)}
${latest.jobs.length > 0 ? latestTraces(latest.jobs, request) : ""}
${failed.jobs.length > 0 ? latestFailures(failed.jobs, request) : ""}`;
    return { title: "Queues", body, isLive: true };
  },
};

const noJobs = html`<p>There are no jobs yet. A queue appears here with its first job.</p>`;

/** A column of the queues: its name, what it says of a queue, and the list that this leads to. */
type Column = readonly [
  name: string,
  textOf: (queue: QueueStats) => string,
  addressOf: (queue: QueueStats, request: ViewRequest) => string,
];

const columns: readonly Column[] = [
  ["Ready", ({ jobs }) => shownCount(jobs.ready), jobsWith("ready")],
  ["Running", ({ jobs }) => shownCount(jobs.running), jobsWith("running")],
  ["Waiting", ({ waiting }) => shownCount(waiting), jobsWith("waiting")],
  ["Completed", ({ jobs }) => shownCount(jobs.completed), jobsWith("completed")],
  ["Failed", ({ jobs }) => shownCount(jobs.failed), jobsWith("failed")],
  ["Cancelled", ({ jobs }) => shownCount(jobs.cancelled), jobsWith("cancelled")],
  ["Last hour", ({ ended }) => shownCount(ended!.completed + ended!.failed), jobsWith("ended")],
  [
    "Failure rate",
    ({ ended }) => failureRate(ended!),
    ({ queueName }, { to }) => to.failures({ queueName }),
  ],
  [
    "Oldest ready",
    ({ oldestReadyMs: ms }) => ms === undefined ? NONE : durationText(ms),
    oldestReady,
  ],
];

function jobsWith(status: string): Column[2] {
  return ({ queueName }, { to }) => to.jobs({ queueName, status });
}

/** The ready jobs that were created by then, with a second for the difference of the clocks. */
function oldestReady({ queueName, oldestReadyMs }: QueueStats, { to, now }: ViewRequest): string {
  const until = Math.ceil((now - (oldestReadyMs ?? 0)) / 1_000) * 1_000 + 1_000;
  const createdBefore = new Date(until).toISOString();
  return to.jobs({ queueName, status: "ready", createdBefore });
}

function queueTable(queues: readonly QueueStats[], request: ViewRequest): Html {
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
        <tr><th scope="row"><a href="${request.to.jobs({ queueName: queue.queueName })}">${queue
          .queueName}</a></th>${columns.map((column) => queueCell(column, queue, request))}</tr>
      `
    )}</tbody>
    </table>
  `;
}

function queueCell(
  [label, textOf, addressOf]: Column,
  queue: QueueStats,
  request: ViewRequest,
): Html {
  const text = textOf(queue);
  const content = text === NONE ? NONE : html`<a href="${addressOf(queue, request)}">${text}</a>`;
  return html`<td data-label="${label}">${content}</td>`;
}

const NONE = "–";

/** Zeros are dashes, so that other counts stand out. */
function shownCount(count: number): string {
  return count === 0 ? NONE : number(count);
}

/** Of completed and failed jobs. Cancelled jobs say nothing about their handler. */
function failureRate({ completed, failed }: NonNullable<QueueStats["ended"]>): string {
  const all = failed + completed;
  if (all === 0) return NONE;
  const percent = 100 * failed / all;
  return percent > 0 && percent < 1 ? "< 1 %" : `${Math.round(percent)} %`;
}

function latestTraces(jobs: readonly JobSummary[], { to, now }: ViewRequest): Html {
  const traces = [...groupBy(jobs, ({ traceId }) => traceId)].slice(0, MAX_TRACES);
  return html`<h2>Latest traces <a class="small" href="${to.traces()}">all</a></h2>
<ol class="lines">
${
    traces.map(([traceId, jobs]) => {
      const first = jobs.at(-1)!;
      const failed = jobs.filter(({ status }) => status === "failed").length;
      return html`
        <li id="${traceId}"><a href="${to.trace(traceId)}"><code>${traceId}</code></a>
        <span>${first.queueName}</span>${correlationLink(first, to)}
        ${failed > 0 ? html`<span class="error">${number(failed)} failed</span>` : ""}
        <span class="when">${relativeTime(first.createdAt, now)}</span></li>
      `;
    })
  }</ol>`;
}

function latestFailures(jobs: readonly JobSummary[], request: ViewRequest): Html {
  const groups = new FailureGroups();
  jobs.forEach((job) => groups.add(job));
  const latest = groups.inOrder().slice(0, MAX_FAILURES);
  return html`<h2>Latest failures <a class="small" href="${request.to.failures()}">all</a></h2>
${failureLines(latest, request)}`;
}
