/**
 * The search: one field for a job id, a trace id and a correlation id. It goes to what it finds.
 *
 * @module
 */
import { html } from "hono/html";
import { isJobId, isWholeTraceId, readTraceId } from "../../job/ids.ts";
import { type JobFilter, toRecordFilter } from "../../queue/lookup.ts";
import { isInputError } from "../../job/input_error.ts";
import { invalidInput } from "../../http/request_error.ts";
import type { View, ViewRequest } from "../view.ts";

/** What was asked for. */
export const search: View = {
  path: "/page/search",
  query: ["q"],
  show: async (visit) => {
    const asked = (visit.query.get("q") ?? "").trim();
    if (asked.length > 300) throw invalidInput("q must be at most 300 characters: got more", "q");
    const found = asked === "" ? undefined : await addressOf(asked, visit);
    if (found !== undefined) return { goTo: found };
    const body = html`<h1>Nothing found</h1>
<p>No job has <code>${asked}</code> as its id, its trace id or its correlation id. Ended jobs are removed after a while.</p>`;
    return { title: "Nothing found", body, isLive: false, status: 404 };
  },
};

/** A UUID may be any of the three: a job is looked for first, then a trace. */
async function addressOf(asked: string, { jobs, to }: ViewRequest): Promise<string | undefined> {
  const some = async (filter: JobFilter) =>
    isFilter(filter) && (await jobs.find({ ...filter, limit: 1, include: [] })).jobs.length > 0;
  const lower = asked.toLowerCase();
  if (isJobId(lower) && await some({ ids: [lower] })) return to.job(lower);
  if (isWholeTraceId(asked) && await some({ traceId: asked })) return to.trace(readTraceId(asked));
  return await some({ correlationId: asked }) ? to.correlation(asked) : undefined;
}

/** What nothing can be found by is no error of the seeker's. */
function isFilter(filter: JobFilter): boolean {
  try {
    toRecordFilter(filter);
    return true;
  } catch (error) {
    if (isInputError(error)) return false;
    throw error;
  }
}
