/**
 * The list of jobs, newest first, by queue, status, business process and time.
 *
 * @module
 */
import { html } from "hono/html";
import { readDuration } from "../../duration.ts";
import { type JobStatus, jobStatuses } from "../../job/status.ts";
import type { JobFilter } from "../../queue/find.ts";
import type { QueueStats } from "../../queue/stats.ts";
import { readFilter } from "../../http/query.ts";
import { invalidInput } from "../../http/request_error.ts";
import { shown } from "../../job/checks.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { actionsFor } from "../act_on_many.ts";
import { actionLinks, jobChoice, jobLines, options } from "../elements.ts";
import { counted } from "../waterfall/descriptions.ts";
import { paramsOf } from "./act.ts";

const JOBS_ON_A_PAGE = 100;

/** Statuses under one name. */
const groupsOfStatuses: Readonly<Record<string, readonly JobStatus[]>> = {
  waiting: ["scheduled", "blocked", "retrying"],
  ended: ["completed", "failed", "cancelled"],
};

const periods: Readonly<Record<string, string>> = {
  "15m": "in the last 15 minutes",
  "1h": "in the last hour",
  "1d": "in the last day",
  "7d": "in the last 7 days",
};

const names = [
  "queueName",
  "status",
  "correlationId",
  "within",
  "createdFrom",
  "createdBefore",
  "cursor",
] as const;

/** The values of the filter as they are in the address, without empty ones. */
type FilterValues = Readonly<Partial<Record<typeof names[number], string>>>;

/** The list of jobs. */
export const jobsView: View = {
  path: "/page/jobs",
  query: names,
  show: async (request) => {
    const { jobs, settings: { maxPageSize } } = request;
    const values = valuesOf(request.query);
    const filter = filterOf(values, request);
    const [{ queues }, page] = await Promise.all([
      jobs.stats(),
      jobs.find({ ...filter, limit: Math.min(JOBS_ON_A_PAGE, maxPageSize) }),
    ]);
    const mayWrite = await request.mayWriteAny();
    const [actions, params] = [actionsFor(statusesOf(filter)), paramsOf(filter)];
    const count = countOf(values, filter, queues);
    const body = html`<h1>Jobs${
      count === undefined ? "" : html`
        <small>${counted(count, "job")}</small>
      `
    }</h1>
${filterForm(values, queues, request)}
${mayWrite && params.length > 0 ? actionLinks(actions, params, request) : ""}
${
      page.jobs.length === 0
        ? html`<p>No job matches.</p>`
        : mayWrite
        ? jobChoice(page.jobs, actions, request)
        : jobLines(page.jobs, request)
    }
${pager(values, page.nextCursor, request)}`;
    const title = [values.queueName, values.status, "jobs"].filter(Boolean).join(" ");
    return { title, body, isLive: values.cursor === undefined };
  },
};

function statusesOf({ status }: JobFilter): readonly JobStatus[] | undefined {
  return status === undefined ? undefined : [status].flat();
}

/** A form sends its empty fields, too. */
function valuesOf(query: URLSearchParams): FilterValues {
  return Object.fromEntries(
    names.map((name) => [name, (query.get(name) ?? "").trim()] as const)
      .filter(([, value]) => value !== ""),
  );
}

/** The filter, checked as that of the HTTP API. */
function filterOf(values: FilterValues, { now, settings }: ViewRequest): JobFilter {
  const { status, within, createdFrom, createdBefore, ...same } = values;
  const query = new URLSearchParams(same);
  for (const one of groupsOfStatuses[status ?? ""] ?? [status]) {
    if (one !== undefined) query.append("status", one);
  }
  const from = createdFrom === undefined ? startOf(within, now) : withZone(createdFrom);
  if (from !== undefined) query.set("createdFrom", from);
  if (createdBefore !== undefined) query.set("createdBefore", withZone(createdBefore));
  return readFilter(query, settings.maxPageSize);
}

function startOf(within: string | undefined, now: number): string | undefined {
  if (within === undefined) return undefined;
  const ms = readDuration(within);
  if (ms !== undefined && ms < now) return new Date(now - ms).toISOString();
  throw invalidInput(`within must be a duration such as "1h": got ${shown(within)}`, "within");
}

/** A time from a field of a form has no zone: the page shows times in UTC. */
function withZone(time: string): string {
  return /^\d{4}-\d\d-\d\dT[\d:.]+$/.test(time) ? `${time}Z` : time;
}

/** The number of jobs that match, where it is known without reading them. */
function countOf(
  { correlationId, within, createdFrom, createdBefore }: FilterValues,
  { queueName, status }: JobFilter,
  queues: readonly QueueStats[],
): number | undefined {
  if ([correlationId, within, createdFrom, createdBefore].some((one) => one !== undefined)) {
    return undefined;
  }
  const only = queueName === undefined ? undefined : [queueName].flat();
  const statuses = status === undefined ? jobStatuses : [status].flat();
  const matching = queues.filter((queue) => only?.includes(queue.queueName) ?? true);
  return matching.flatMap(({ jobs }) => statuses.map((one) => jobs[one]))
    .reduce((sum, count) => sum + count, 0);
}

function filterForm(
  values: FilterValues,
  queues: readonly QueueStats[],
  { to }: ViewRequest,
): Html {
  const queueNames = new Set(queues.map(({ queueName }) => queueName));
  if (values.queueName !== undefined) queueNames.add(values.queueName);
  const statuses = [...jobStatuses, ...Object.keys(groupsOfStatuses)];
  const same = (all: Iterable<string>) => [...all].map((one) => [one, one] as const);
  const { within, createdFrom, createdBefore } = values;
  const known = within === undefined || within in periods
    ? periods
    : { ...periods, [within]: within };
  const isOpen = createdFrom !== undefined || createdBefore !== undefined;
  return html`
    <form class="filter" action="${to.jobs()}">
    <label>Queue <select name="queueName">${options(values.queueName, [
      ["", "all"],
      ...same(queueNames),
    ])}</select></label>
    <label>Status <select name="status">${options(values.status, [
      ["", "any"],
      ...same(statuses),
    ])}</select></label>
    <label>Created <select name="within">${options(within, [
      ["", "at any time"],
      ...Object.entries(known),
    ])}</select></label>
    <label>Correlation <input name="correlationId" value="${values.correlationId ??
      ""}" maxlength="255" autocomplete="off" spellcheck="false"></label>
    <details id="times"${isOpen ? " open" : ""}><summary>Between…</summary>
    <label>From <input type="datetime-local" step="1" name="createdFrom" value="${inField(
      createdFrom,
    )}"></label>
    <label>to <input type="datetime-local" step="1" name="createdBefore" value="${inField(
      createdBefore,
    )}"></label> <span class="note">UTC</span></details>
    <button>Show</button> <a href="${to.jobs()}">All jobs</a></form>
  `;
}

/** A time as its field takes it. */
function inField(time: string | undefined): string {
  if (time === undefined) return "";
  return new Date(withZone(time)).toISOString().slice(0, 19);
}

function pager(values: FilterValues, nextCursor: string | undefined, { to }: ViewRequest): Html {
  const at = (cursor: string | undefined) => to.jobs({ ...values, cursor });
  return html`
    <nav class="pager" aria-label="Pages">${values.cursor === undefined
      ? ""
      : html`<a href="${at(undefined)}" rel="first">Newest jobs</a>`} ${nextCursor === undefined
      ? ""
      : html`<a href="${at(nextCursor)}" rel="next">Older jobs</a>`}</nav>
  `;
}
