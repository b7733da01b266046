/**
 * Failed jobs in groups of equal errors, and the jobs of one group.
 *
 * @module
 */
import { html } from "hono/html";
import { checkJobId, checkQueueName } from "../../job/ids.ts";
import type { JobSummary } from "../../job/job.ts";
import { mostSearched, newestJobs } from "../../queue/newest_jobs.ts";
import { noSuchJob } from "../../http/operations/lookup.ts";
import { checkedAt } from "../../http/request_error.ts";
import { type FailureGroup, FailureGroups, failureKey } from "../failure_groups.ts";
import { actionsFor } from "../act_on_many.ts";
import type { Html, View, ViewContent, ViewRequest } from "../view.ts";
import { jobChoice, jobLines, relativeTime, shortened, timestamp } from "../elements.ts";
import { counted, number } from "../waterfall/descriptions.ts";

const MAX_LISTED = 100;
/** A view that reads more jobs does not refresh itself. */
const MAX_LIVE = 1_000;

/** The failures. */
export const failuresView: View = {
  path: "/page/failures",
  query: ["queueName", "like"],
  show: async (request) => {
    const like = request.query.get("like");
    return like === null ? await allFailures(request) : await failuresLike(like, request);
  },
};

async function allFailures(request: ViewRequest): Promise<ViewContent> {
  const name = request.query.get("queueName") || undefined;
  const queueName = name && checkedAt("queueName", () => checkQueueName(name));
  const groups = new FailureGroups();
  const { read, note } = await readFailures(queueName, request, (job) => groups.add(job));
  const of = queueName === undefined ? "" : html`
    in ${queueName} <a class="small" href="${request.to.failures()}">all queues</a>
  `;
  const body = html`<h1>Failures${of}</h1>
${note}
${read === 0 ? html`<p>No job has failed.</p>` : failureLines(groups.inOrder(), request)}`;
  return { title: "Failures", body, isLive: read <= MAX_LIVE };
}

/** Groups of failures as lines, each with how often and when. */
export function failureLines(
  groups: readonly FailureGroup[],
  { to, now }: ViewRequest,
): Html {
  return html`
    <ol class="lines failures">
    ${groups.map(({ latest: { id, queueName, error }, count, first, last }) =>
      html`
        <li id="${id}"><span class="count">${number(count)} ×</span> <span>${queueName}</span>
        <a class="error" href="${to.failures({ like: id })}">${error === undefined
          ? "no error"
          : `${error.name}: ${shortened(error.message)}`}</a>
        <span class="when">${relativeTime(last, now)}${count > 1
          ? html`, first ${relativeTime(first, now)}`
          : ""}</span></li>
      `
    )}</ol>
  `;
}

async function failuresLike(id: string, request: ViewRequest): Promise<ViewContent> {
  checkedAt("like", () => checkJobId(id));
  const { jobs: [job] } = await request.jobs.find({ ids: [id], include: [] });
  if (job === undefined) throw noSuchJob();
  const key = failureKey(job);
  const groups = new FailureGroups();
  const listed: JobSummary[] = [];
  const { read, note } = await readFailures(job.queueName, request, (one) => {
    if (failureKey(one) !== key) return;
    groups.add(one);
    if (listed.length < MAX_LISTED) listed.push(one);
  });
  const [group] = groups.inOrder();
  const body = html`<h1>${counted(group?.count ?? 0, "failed job")} in ${job.queueName}</h1>
<p class="error">${
    job.error === undefined ? "" : `${job.error.name}: ${shortened(job.error.message)}`
  }</p>
${
    group === undefined
      ? html`<p>No job fails like this any more.</p>`
      : html`<p class="facts"><span>first ${timestamp(group.first)}</span> <span>last ${
        timestamp(group.last)
      }</span></p>`
  }
${note}
${
    await request.mayWrite(job.queueName)
      ? jobChoice(listed, actionsFor(["failed"]), request)
      : jobLines(listed, request)
  }
${
    group !== undefined && group.count > listed.length
      ? html`<p class="note">The newest ${counted(listed.length, "job")} of ${
        number(group.count)
      }.</p>`
      : ""
  }`;
  return { title: `Failures in ${job.queueName}`, body, isLive: read <= MAX_LIVE };
}

/** Reads the newest failed jobs. The note says so if there are older ones. */
async function readFailures(
  queueName: string | undefined,
  { jobs }: ViewRequest,
  add: (job: JobSummary) => void,
): Promise<{ readonly read: number; readonly note: Html | string }> {
  let read = 0;
  let hasMore = false;
  for await (
    const page of newestJobs((filter) => jobs.find(filter), { status: "failed", queueName })
  ) {
    page.jobs.forEach(add);
    read += page.jobs.length;
    hasMore = page.nextCursor !== undefined;
  }
  const note = hasMore
    ? html`<p class="note">Of the newest ${number(mostSearched)} failed jobs.</p>`
    : "";
  return { read, note };
}
