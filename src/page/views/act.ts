/**
 * The confirmation of an action on all jobs that match: how many there are, and the form that does it.
 * Afterwards it says how many were changed.
 *
 * @module
 */
import { html } from "hono/html";
import type { ManyFilter } from "../../operate/act_on_many.ts";
import type { JobFilter } from "../../queue/find.ts";
import { readFilter } from "../../http/query.ts";
import { checkedAt, invalidInput } from "../../http/request_error.ts";
import { type ManyAction, readManyAction } from "../act_on_many.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { counted, number } from "../waterfall/descriptions.ts";

const filterNames = [
  "id",
  "queueName",
  "status",
  "traceId",
  "correlationId",
  "createdFrom",
  "createdBefore",
];

/** The confirmation. */
export const actView: View = {
  path: "/page/act",
  query: ["do", "done", "left", ...filterNames],
  show: async (request) => {
    const { query, countForAction } = request;
    const action = checkedAt("do", () => readManyAction(query.get("do")));
    const filter = readManyFilter(query);
    const { matching = 0, hasMore } = await countForAction(action, filter);
    const count = `${hasMore ? "more than " : ""}${counted(matching, "job")}`;
    const title = matching === 0 ? action.label : `${action.label} ${count}?`;
    const body = html`<h1>${title}</h1>
${resultOf(action, query)}
${
      matching === 0
        ? html`<p>No ${
          query.has("done") ? "other " : ""
        }job that matches can be ${action.past}.</p>`
        : confirmation(action, filter, count, request)
    }
<p><a href="${request.to.jobs(valuesOf(filter))}">Show jobs</a></p>`;
    return { title, body, isLive: false };
  },
};

/** The filter in a query or in a form, which must have a value. */
export function readManyFilter(query: URLSearchParams): ManyFilter {
  const given = [...query].filter(([name, value]) => filterNames.includes(name) && value !== "");
  if (given.length === 0) throw invalidInput("Nothing is selected: choose jobs, or a filter");
  const { limit: _, include: __, ...filter } = readFilter(new URLSearchParams(given), 1_000);
  return filter;
}

/** The filter as the parameters of a query. */
export function paramsOf(filter: ManyFilter | JobFilter): readonly (readonly [string, string])[] {
  const all = (name: string, values: string | readonly string[] | undefined) =>
    [values ?? []].flat().map((value) => [name, value] as const);
  return [
    ...all("id", filter.ids),
    ...all("queueName", filter.queueName),
    ...all("status", filter.status),
    ...all("traceId", filter.traceId),
    ...all("correlationId", filter.correlationId),
    ...all("createdFrom", filter.createdFrom?.toISOString()),
    ...all("createdBefore", filter.createdBefore?.toISOString()),
  ];
}

/** What of a filter the list of jobs knows, too. */
function valuesOf({ queueName, correlationId }: ManyFilter): Record<string, string | undefined> {
  return { queueName: [queueName].flat()[0], correlationId };
}

function resultOf(action: ManyAction, query: URLSearchParams): Html | string {
  const [done, left] = ["done", "left"].map((name) => query.get(name) ?? "");
  if (!/^\d{1,9}$/.test(done!)) return "";
  const isLeft = /^[1-9]\d{0,8}$/.test(left!);
  return html`<p role="status"><strong>${counted(Number(done), "job")} ${action.past}.</strong>${
    isLeft ? ` ${number(Number(left))} could not be: what they depend on did not complete.` : ""
  }</p>`;
}

function confirmation(
  { name, label }: ManyAction,
  filter: ManyFilter,
  count: string,
  { to }: ViewRequest,
): Html {
  return html`
    <form method="post" action="${to.act()}" class="confirm">
    <input type="hidden" name="do" value="${name}">
    ${paramsOf(filter).map(([one, value]) =>
      html`<input type="hidden" name="${one}" value="${value}">`
    )}
    <p>${describe(filter)}</p>
    <p><label>Reason <input name="reason" maxlength="1000"></label></p>
    <button>${label} ${count}</button></form>
  `;
}

function describe(filter: ManyFilter): Html | string {
  const { ids, queueName, status, traceId, correlationId, createdFrom, createdBefore } = filter;
  const parts: readonly (readonly [string, string | undefined])[] = [
    ["chosen jobs", ids && number(ids.length)],
    ["queue", queueName && [queueName].flat().join(", ")],
    ["status", status && [status].flat().join(", ")],
    ["trace", traceId],
    ["correlation", correlationId],
    ["created from", createdFrom?.toISOString()],
    ["created before", createdBefore?.toISOString()],
  ];
  return html`All that match: ${
    parts.filter(([, value]) => value !== undefined).map(([name, value], i) =>
      html`${i === 0 ? "" : ", "}${name} <strong class="id">${value}</strong>`
    )
  }.`;
}
