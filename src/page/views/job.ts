/**
 * One job: what it is, how it went, what it was given, and the ways to steer it.
 *
 * @module
 */
import { html } from "hono/html";
import { durationText } from "../../duration.ts";
import { checkJobId } from "../../job/ids.ts";
import type { Attempt, Job, JobSummary, JobWithAttempts } from "../../job/job.ts";
import type { JobError } from "../../job/record.ts";
import { canBeRetried, hasEnded } from "../../job/status.ts";
import { noSuchJob } from "../../http/operations/find.ts";
import { checkedAt } from "../../http/request_error.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { copyableId, statusMark, timestamp } from "../elements.ts";
import { linkedTrace } from "../waterfall/bar.ts";
import { number } from "../waterfall/descriptions.ts";

/** As many of its parts, and of what it waited for, are listed; the trace shows all. */
const MOST_NEAR = 20;
const LONGEST_JSON = 100_000;

/** A job. */
export const jobView: View = {
  path: "/page/jobs/{id}",
  query: [],
  show: async (visit) => {
    const id = checkedAt("id", () => checkJobId(visit.id));
    const job = await visit.jobs.get(id);
    if (job === undefined) throw noSuchJob();
    const near = await nearJobs(job, visit);
    const mayWrite = await visit.mayWrite(job.queueName);
    const last = job.attemptHistory.at(-1);
    const body = html`<h1>${job.queueName} ${statusMark(job.status)}</h1>
${mayWrite ? actions(job, visit) : ""}
${facts(job, near, visit)}
<h2>Attempts</h2>
${attempts(job, visit)}
${
      job.error !== undefined && last?.error === undefined
        ? html`<h2>Error</h2>${errorText(job.error)}`
        : ""
    }
${folded("Payload", job.payload)}
${job.result !== undefined ? folded("Result", job.result) : ""}`;
    return { title: `${job.queueName} ${job.status}`, body, isLive: !hasEnded(job.status) };
  },
};

/** The jobs that a job hangs together with. */
interface NearJobs {
  readonly parent: JobSummary | string | undefined;
  readonly parts: readonly JobSummary[];
  readonly dependencies: readonly (JobSummary | string)[];
}

/** Those that are no longer stored are known by their ids. */
async function nearJobs(
  { id, parentId, dependsOn }: Job,
  { jobs }: ViewRequest,
): Promise<NearJobs> {
  const after = dependsOn.slice(0, MOST_NEAR);
  const [{ jobs: parts }, { jobs: others }] = await Promise.all([
    jobs.find({ parent: id, limit: MOST_NEAR, include: [] }),
    jobs.find({ ids: [...after, ...parentId === undefined ? [] : [parentId]], include: [] }),
  ]);
  const byId = new Map(others.map((job) => [job.id, job]));
  const near = (one: string) => byId.get(one) ?? one;
  return {
    parent: parentId && near(parentId),
    parts: [...parts].reverse(),
    dependencies: after.map(near),
  };
}

function facts(job: Job, { parent, parts, dependencies }: NearJobs, { to }: ViewRequest): Html {
  const { id, traceId, correlationId, idempotencyKey } = job;
  const lines: readonly (readonly [string, unknown])[] = [
    ["Job", copyableId(id)],
    [
      "Trace",
      html`<a href="${to.trace(traceId, id)}">Its place in the trace</a> ${copyableId(traceId)}`,
    ],
    [
      "Correlation",
      correlationId !== undefined &&
      html`<a href="${to.correlation(correlationId)}">All jobs of it</a> ${
        copyableId(correlationId)
      }`,
    ],
    ["Part of", parent && nearJob(parent, to)],
    ["Its parts", nearList(parts, to)],
    ["After", nearList(dependencies, to)],
    ["Key", idempotencyKey],
    ["Priority", job.priority !== 0 && String(job.priority)],
    ["Added", timestamp(job.createdAt)],
    ["Due", job.runAt > job.createdAt && timestamp(job.runAt)],
    ["Started", job.startedAt && timestamp(job.startedAt)],
    ["Ended", job.finishedAt && timestamp(job.finishedAt)],
  ];
  return html`<dl class="facts">${
    lines.filter(([, value]) => value).map(([name, value]) =>
      html`
        <dt>${name}</dt>
        <dd>${value}</dd>
      `
    )
  }</dl>`;
}

function nearJob(job: JobSummary | string, to: ViewRequest["to"]): Html {
  if (typeof job === "string") return html`<code>${job}</code>, which is no longer stored`;
  return html`${statusMark(job.status)} <a href="${to.job(job.id)}">${job.queueName}</a>`;
}

function nearList(jobs: readonly (JobSummary | string)[], to: ViewRequest["to"]): Html | undefined {
  if (jobs.length === 0) return undefined;
  return html`<ul>${jobs.map((job) => html`<li>${nearJob(job, to)}</li>`)}</ul>`;
}

function attempts(job: JobWithAttempts<Job>, visit: ViewRequest): Html {
  if (job.attemptHistory.length === 0) {
    return html`<p>None has begun. It has ${number(job.maxAttempts)}.</p>`;
  }
  return html`<ol class="attempts">
${job.attemptHistory.map((one) => attempt(one, job, visit))}</ol>
<p class="note">${number(job.attempts)} of ${number(job.maxAttempts)} attempts${
    job.releases > 1 ? `, released ${number(job.releases)} times in a row` : ""
  }.</p>`;
}

function attempt(attempt: Attempt, job: Job, { to, now }: ViewRequest): Html {
  const { startedAt, finishedAt, outcome, error } = attempt;
  const length = durationText(Math.max(0, (finishedAt?.getTime() ?? now) - startedAt.getTime()));
  const linked = linkedTrace(attempt, job.traceId);
  return html`
    <li
      value="${attempt.attempt}"><strong>${outcome.replaceAll(
        "_",
        " ",
      )}</strong> ${outcome === "running" ? "for" : "after"} ${length}, from ${timestamp(
        startedAt,
      )}${linked === undefined
        ? ""
        : html`, in the linked trace <a href="${
          to.trace(linked)
        }"><code>${linked}</code></a>`}${error === undefined ? "" : errorText(error)}</li>
  `;
}

function errorText({ name, message, stack }: JobError): Html {
  return html`<p class="error">${name}: ${message}</p>${
    stack === undefined ? "" : html`
      <details>
        <summary>Where it was thrown</summary>
        <pre tabindex="0">${cut(stack)}</pre>
      </details>
    `
  }`;
}

/** A payload may be long, and not for everybody's eyes. */
function folded(name: string, value: unknown): Html {
  const text = JSON.stringify(value, undefined, 2) ?? "undefined";
  return html`
    <details class="data">
      <summary>
        <h2>${name}</h2>
      </summary>
      <pre tabindex="0">${cut(text)}</pre>
    </details>
  `;
}

function cut(text: string): string {
  if (text.length <= LONGEST_JSON) return text;
  return `${text.slice(0, LONGEST_JSON)}… and ${
    number(text.length - LONGEST_JSON)
  } characters more`;
}

/** The forms to retry or cancel it, each with a question before. A refresh finds them by their ids. */
function actions({ id, status }: Job, { to }: ViewRequest): Html {
  const form = (what: "retry" | "cancel", question: string, field: Html | string) =>
    html`
      <details id="${what}" class="steer">
        <summary>${what === "retry" ? "Retry" : "Cancel"}…</summary>
        <form method="post"
          action="${to.steer(
            id,
            what,
          )}"><p>${question}</p>${field}<button>Yes, ${what} it</button></form>
      </details>
    `;
  const reason = html`<label>Why <input name="reason" maxlength="1000"></label>
<label><input type="checkbox" name="descendants"> and its parts</label>`;
  return html`<div class="steering">${
    canBeRetried(status)
      ? form("retry", "Make this job ready again, with one more attempt?", "")
      : ""
  }${
    hasEnded(status)
      ? ""
      : form("cancel", "Cancel this job, and the jobs that can only run after it?", reason)
  }</div>`;
}
