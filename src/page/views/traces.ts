/**
 * The latest traces, by status and queue.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import { shown } from "../../job/checks.ts";
import type { JobStatus } from "../../job/status.ts";
import { readFilter } from "../../http/query.ts";
import { invalidInput } from "../../http/request_error.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { correlationLink, options, relativeTime, statusMark } from "../elements.ts";
import { findTraces, type TraceFilter, type TraceSummary } from "../trace_summaries.ts";
import { counted, number } from "../waterfall/descriptions.ts";

/** For each status of a trace, the statuses of which it has a job. */
const statusesOf: Readonly<Record<string, readonly JobStatus[]>> = {
  unfinished: ["scheduled", "blocked", "ready", "running", "retrying"],
  failed: ["failed"],
  cancelled: ["cancelled"],
  completed: ["completed"],
};

/** The list of traces. */
export const tracesView: View = {
  path: "/page/traces",
  query: ["queueName", "status", "cursor"],
  show: async (request) => {
    const { query, jobs } = request;
    const status = query.get("status") || undefined;
    const [{ queues }, page] = await Promise.all([
      jobs.stats(),
      findTraces(jobs, filterOf(request, status)),
    ]);
    const traces = page.traces.filter((one) => hasStatus(one, status));
    const body = html`<h1>Traces</h1>
${filterForm(queues.map(({ queueName }) => queueName), request)}
${
      traces.length === 0
        ? html`<p>No trace matches${page.nextCursor === undefined ? "" : " on this page"}.</p>`
        : traceLines(traces, request)
    }
${pager(page.nextCursor, request)}`;
    return { title: "Traces", body, isLive: !query.has("cursor") };
  },
};

function filterOf({ query, settings }: ViewRequest, status: string | undefined): TraceFilter {
  if (status !== undefined && !Object.hasOwn(statusesOf, status)) {
    const known = Object.keys(statusesOf).join(", ");
    throw invalidInput(`status must be one of ${known}: got ${shown(status)}`, "status");
  }
  const given = [...query].filter(([name, value]) => name !== "status" && value !== "");
  const { queueName, cursor } = readFilter(new URLSearchParams(given), settings.maxPageSize);
  return { queueName, cursor, ...status !== undefined && { status: statusesOf[status]! } };
}

/** A trace of which a job has failed may go on. */
function hasStatus(trace: TraceSummary, status: string | undefined): boolean {
  if (status === undefined || status === "failed") return true;
  return status === "unfinished" ? trace.finishedAt === undefined : trace.status === status;
}

/** Traces as lines: the business process, the first job, how many there are, for how long, and how it ended. */
export function traceLines(traces: readonly TraceSummary[], { to, now }: ViewRequest): Html {
  return html`
    <ol class="lines">
    ${traces.map((trace) => {
      const { root, jobs, hasMore, failed, status, finishedAt } = trace;
      const ms = Math.max(0, (finishedAt?.getTime() ?? now) - root.createdAt.getTime());
      return html`
        <li id="${root.traceId}">${statusMark(status)} ${correlationLink(root, to)}
        <a href="${to.trace(root.traceId)}" title="${root.traceId}">${root.queueName}</a>
        <span class="note">${hasMore ? "more than " : ""}${counted(jobs, "job")}</span>
        <span class="note">${finishedAt === undefined ? "for " : ""}${durationText(ms)}</span>
        ${failed > 0 ? html`<span class="error">${number(failed)} failed</span>` : ""}
        <span class="when">${relativeTime(root.createdAt, now)}</span></li>
      `;
    })}</ol>
  `;
}

function filterForm(queueNames: readonly string[], { query, to }: ViewRequest): Html {
  const queueName = query.get("queueName") ?? "";
  const names = new Set([...queueNames, ...queueName === "" ? [] : [queueName]]);
  return html`
    <form class="filter" action="${to.traces()}">
    <label>Queue <select name="queueName">${options(queueName, [
      ["", "all"],
      ...[...names].map((one) => [one, one] as const),
    ])}</select></label>
    <label>Status <select name="status">${options(query.get("status") ?? "", [
      ["", "any"],
      ...Object.keys(statusesOf).map((one) => [one, one] as const),
    ])}</select></label>
    <button>Show</button> <a href="${to.traces()}">All traces</a></form>
  `;
}

function pager(nextCursor: string | undefined, { query, to }: ViewRequest): Html {
  const same = {
    queueName: query.get("queueName") ?? undefined,
    status: query.get("status") ?? undefined,
  };
  return html`
    <nav class="pager" aria-label="Pages">${query.has("cursor")
      ? html`<a href="${to.traces(same)}" rel="first">Newest traces</a>`
      : ""} ${nextCursor === undefined
      ? ""
      : html`<a href="${
        to.traces({ ...same, cursor: nextCursor })
      }" rel="next">Older traces</a>`}</nav>
  `;
}
