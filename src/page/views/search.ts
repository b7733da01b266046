/**
 * The search by ids and names. It redirects to what it finds, or lists what the text can mean.
 *
 * @module
 */
import { html } from "hono/html";
import { isJobId, isWholeTraceId, readTraceId } from "../../job/ids.ts";
import { type JobFilter, toRecordFilter } from "../../queue/find.ts";
import { mostSearched, newestJobs, readIdEnd } from "../../queue/newest_jobs.ts";
import { isInputError } from "../../job/checks.ts";
import { invalidInput } from "../../http/request_error.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { number } from "../waterfall/descriptions.ts";

const MAX_RESULTS = 20;

/** The search. */
export const search: View = {
  path: "/page/search",
  query: ["q"],
  show: async (request) => {
    const text = (request.query.get("q") ?? "").trim();
    if (text.length > 300) {
      throw invalidInput(`q must be at most 300 characters: got ${text.length}`, "q");
    }
    if (text === "") {
      const body = html`<h1>Search</h1>${whatIsFound}`;
      return { title: "Search", body, isLive: false };
    }
    const found = await addressOf(text, request);
    if (found !== undefined) return { redirectTo: found };
    const results = await resultsFor(text, request);
    const [only] = results;
    if (only === undefined) return nothingFound(text);
    if (results.length === 1) return { redirectTo: only.address };
    const body = html`<h1>Found for <code>${text}</code></h1>
<ol class="lines">${
      results.slice(0, MAX_RESULTS).map(({ kind, name, address }) =>
        html`
          <li><span class="note">${kind}</span> <a class="id" href="${address}">${name}</a></li>
        `
      )
    }</ol>
${
      results.length > MAX_RESULTS
        ? html`<p class="note">The newest ${MAX_RESULTS}: more characters find fewer.</p>`
        : ""
    }`;
    return { title: `Found for ${text}`, body, isLive: false };
  },
};

const whatIsFound: Html =
  html`<p>The search finds jobs, traces and business processes by their ids, and
queues by their names. Among the newest ${
    number(mostSearched)
  } jobs the last 6 digits of a job id or a trace id are enough, or
the beginning of a correlation id.</p>`;

function nothingFound(text: string) {
  const body = html`<h1>Nothing found</h1>
<p>Nothing has the id or the name <code>${text}</code>. Ended jobs are removed after a while.</p>
${whatIsFound}`;
  return { title: "Nothing found", body, isLive: false, status: 404 };
}

/** A UUID can be any of the three: jobs are searched first, then traces. */
async function addressOf(text: string, { jobs, to }: ViewRequest): Promise<string | undefined> {
  const some = async (filter: JobFilter) =>
    isFilter(filter) && (await jobs.find({ ...filter, limit: 1, include: [] })).jobs.length > 0;
  const lower = text.toLowerCase();
  if (isJobId(lower) && await some({ ids: [lower] })) return to.job(lower);
  if (isWholeTraceId(text) && await some({ traceId: text })) return to.trace(readTraceId(text));
  if (await some({ correlationId: text })) return to.correlation(text);
  return await some({ queueName: text }) ? to.jobs({ queueName: text }) : undefined;
}

/** A text that cannot be an id is not an error: nothing has it. */
function isFilter(filter: JobFilter): boolean {
  try {
    toRecordFilter(filter);
    return true;
  } catch (error) {
    if (isInputError(error)) return false;
    throw error;
  }
}

/** Something that a text can mean. */
interface Result {
  readonly kind: "job" | "trace" | "correlation" | "queue";
  readonly name: string;
  readonly address: string;
}

/** What has a part of its id or its name, newest first. One more than are listed shows that there are more. */
async function resultsFor(text: string, { jobs, to }: ViewRequest): Promise<readonly Result[]> {
  const end = readIdEnd(text);
  const results = new Map<string, Result>();
  const add = (result: Result) => results.set(result.address, result);
  for (const { queueName } of (await jobs.stats()).queues) {
    if (!queueName.toLowerCase().includes(text.toLowerCase())) continue;
    add({ kind: "queue", name: queueName, address: to.jobs({ queueName }) });
  }
  for await (const page of newestJobs((filter) => jobs.find(filter))) {
    for (const { id, traceId, correlationId, queueName } of page.jobs) {
      if (end !== undefined && id.endsWith(end)) {
        add({ kind: "job", name: `${queueName} ${id}`, address: to.job(id) });
      }
      if (end !== undefined && traceId.endsWith(end.replaceAll("-", ""))) {
        add({ kind: "trace", name: traceId, address: to.trace(traceId) });
      }
      if (correlationId?.startsWith(text)) {
        add({ kind: "correlation", name: correlationId, address: to.correlation(correlationId) });
      }
    }
    if (results.size > MAX_RESULTS) break;
  }
  return [...results.values()];
}
