/**
 * The search by job id, trace id or correlation id. It redirects to what it finds.
 *
 * @module
 */
import { html } from "hono/html";
import { isJobId, isWholeTraceId, readTraceId } from "../../job/ids.ts";
import { type JobFilter, toRecordFilter } from "../../queue/find.ts";
import { isInputError } from "../../job/checks.ts";
import { invalidInput } from "../../http/request_error.ts";
import type { View, ViewRequest } from "../view.ts";

/** The search. */
export const search: View = {
  path: "/page/search",
  query: ["q"],
  show: async (request) => {
    const text = (request.query.get("q") ?? "").trim();
    if (text.length > 300) {
      throw invalidInput(`q must be at most 300 characters: got ${text.length}`, "q");
    }
    const found = text === "" ? undefined : await addressOf(text, request);
    if (found !== undefined) return { redirectTo: found };
    const body = html`<h1>Nothing found</h1>
<p>No job has the id, trace id or correlation id <code>${text}</code>. Ended jobs are removed after a while.</p>`;
    return { title: "Nothing found", body, isLive: false, status: 404 };
  },
};

/** A UUID can be any of the three: jobs are searched first, then traces. */
async function addressOf(text: string, { jobs, to }: ViewRequest): Promise<string | undefined> {
  const some = async (filter: JobFilter) =>
    isFilter(filter) && (await jobs.find({ ...filter, limit: 1, include: [] })).jobs.length > 0;
  const lower = text.toLowerCase();
  if (isJobId(lower) && await some({ ids: [lower] })) return to.job(lower);
  if (isWholeTraceId(text) && await some({ traceId: text })) return to.trace(readTraceId(text));
  return await some({ correlationId: text }) ? to.correlation(text) : undefined;
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
