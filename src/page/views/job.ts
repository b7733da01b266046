/**
 * One job: its properties, attempts, payload and result, and the forms to retry or cancel it.
 *
 * @module
 */
import { html } from "hono/html";
import { checkJobId } from "../../job/ids.ts";
import type { Attempt, Job, JobOperation, JobSummary, JobWithAttempts } from "../../job/job.ts";
import type { JobError } from "../../job/record.ts";
import { linkedTraceId, outcomeText } from "../../queue/timeline.ts";
import { canBeRetried, hasEnded } from "../../job/status.ts";
import { noSuchJob } from "../../http/operations/lookup.ts";
import { checkedAt } from "../../http/request_error.ts";
import type { Html, View, ViewRequest } from "../view.ts";
import { copyableId, statusMark, timestamp } from "../elements.ts";
import { number } from "../waterfall/descriptions.ts";

/** The maximum number of child jobs and of dependencies that are listed. The trace shows all. */
const MAX_RELATED = 20;
const MAX_JSON_LENGTH = 100_000;

/** The view of a job. */
export const jobView: View = {
  path: "/page/jobs/{id}",
  query: [],
  show: async (request) => {
    const id = checkedAt("id", () => checkJobId(request.id));
    const job = await request.jobs.get(id);
    if (job === undefined) throw noSuchJob();
    const related = await relatedJobs(job, request);
    const mayWrite = await request.mayWrite(job.queueName);
    const last = job.attemptHistory.at(-1);
    const body = html`<h1>${job.queueName} ${statusMark(job.status)}</h1>
${mayWrite ? actions(job, request) : ""}
${facts(job, related, request)}
<h2>Attempts</h2>
${attempts(job, request)}
${
      job.error !== undefined && last?.error === undefined
        ? html`<h2>Error</h2>${errorText(job.error)}`
        : ""
    }
${data("Payload", job.payload, job.status === "failed")}
${job.result !== undefined ? data("Result", job.result, false) : ""}`;
    return { title: `${job.queueName} ${job.status}`, body, isLive: !hasEnded(job.status) };
  },
};

/** The jobs that a job is related to. */
interface RelatedJobs {
  readonly parent: JobSummary | string | undefined;
  readonly children: readonly JobSummary[];
  readonly dependencies: readonly (JobSummary | string)[];
}

/** Of jobs that are no longer stored only the ids are known. */
async function relatedJobs(
  { id, parentId, dependsOn }: Job,
  { jobs }: ViewRequest,
): Promise<RelatedJobs> {
  const after = dependsOn.slice(0, MAX_RELATED);
  const [{ jobs: children }, { jobs: others }] = await Promise.all([
    jobs.find({ parent: id, limit: MAX_RELATED, include: [] }),
    jobs.find({ ids: [...after, ...parentId === undefined ? [] : [parentId]], include: [] }),
  ]);
  const byId = new Map(others.map((job) => [job.id, job]));
  const near = (one: string) => byId.get(one) ?? one;
  return {
    parent: parentId && near(parentId),
    children: [...children].reverse(),
    dependencies: after.map(near),
  };
}

function facts(
  job: Job,
  { parent, children, dependencies }: RelatedJobs,
  { to }: ViewRequest,
): Html {
  const { id, traceId, correlationId, idempotencyKey } = job;
  const lines: readonly (readonly [string, unknown])[] = [
    ["Job", copyableId(id)],
    [
      "Trace",
      html`<a href="${to.trace(traceId, id)}">Show in trace</a> ${copyableId(traceId)}`,
    ],
    [
      "Correlation",
      correlationId !== undefined &&
      html`<a href="${to.correlation(correlationId)}">Show all jobs</a> ${
        copyableId(correlationId)
      }`,
    ],
    ["Parent", parent && relatedJob(parent, to)],
    ["Child jobs", relatedList(children, to)],
    ["Depends on", relatedList(dependencies, to)],
    ["Idempotency key", idempotencyKey],
    ["Priority", job.priority !== 0 && String(job.priority)],
    ["Created", timestamp(job.createdAt)],
    ["Due", job.runAt > job.createdAt && timestamp(job.runAt)],
    ["Started", job.startedAt && timestamp(job.startedAt)],
    ["Ended", job.finishedAt && timestamp(job.finishedAt)],
    ["Last action", job.operation && operationText(job.operation)],
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

/** What an operator did last, who it was and why. */
function operationText({ name, at, by, reason }: JobOperation): Html {
  const [who, why] = [
    by === undefined ? "" : ` by ${by}`,
    reason === undefined ? "" : `: ${reason}`,
  ];
  return html`<span class="id">${name}${who}, ${timestamp(at)}${why}</span>`;
}

function relatedJob(job: JobSummary | string, to: ViewRequest["to"]): Html {
  if (typeof job === "string") return html`<code>${job}</code> (no longer stored)`;
  return html`${statusMark(job.status)} <a href="${to.job(job.id)}">${job.queueName}</a>`;
}

function relatedList(
  jobs: readonly (JobSummary | string)[],
  to: ViewRequest["to"],
): Html | undefined {
  if (jobs.length === 0) return undefined;
  return html`<ul>${jobs.map((job) => html`<li>${relatedJob(job, to)}</li>`)}</ul>`;
}

function attempts(job: JobWithAttempts<Job>, request: ViewRequest): Html {
  const times = job.snoozes === 1 ? "once" : `${number(job.snoozes)} times in a row`;
  const snoozed = job.snoozes > 0 ? `, snoozed ${times}` : "";
  if (job.attemptHistory.length === 0) {
    const what = snoozed === "" ? "No attempt has started" : `No attempt has counted${snoozed}`;
    return html`<p>${what}. The maximum is ${number(job.maxAttempts)}.</p>`;
  }
  return html`<ol class="attempts">
${job.attemptHistory.map((one) => attempt(one, job, request))}</ol>
<p class="note">${number(job.attempts)} of ${number(job.maxAttempts)} attempts${
    job.releases > 1 ? `, released ${number(job.releases)} times in a row` : ""
  }${snoozed}.</p>`;
}

function attempt(attempt: Attempt, job: Job, { to, now }: ViewRequest): Html {
  const { startedAt, error } = attempt;
  const linked = linkedTraceId(attempt, job.traceId);
  return html`
    <li
      value="${attempt.attempt}"><strong>${outcomeText(attempt, now)}</strong>, started ${timestamp(
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
        <summary>Stack trace</summary>
        <pre tabindex="0">${shownStart(stack)}</pre>
      </details>
    `
  }`;
}

/** Collapsed, unless it is needed: a payload can be long or confidential. */
function data(name: string, value: unknown, isOpen: boolean): Html {
  const text = JSON.stringify(value, undefined, 2) ?? "undefined";
  return html`
    <details class="data" ${isOpen ? " open" : ""}>
      <summary>
        <h2>${name}</h2>
      </summary>
      <pre tabindex="0">${shownStart(text)}</pre>
    </details>
  `;
}

function shownStart(text: string): string {
  if (text.length <= MAX_JSON_LENGTH) return text;
  return `${text.slice(0, MAX_JSON_LENGTH)}… and ${
    number(text.length - MAX_JSON_LENGTH)
  } more characters`;
}

/** The forms to retry or cancel it, each behind a confirmation. Refreshes match them by their ids. */
function actions({ id, status }: Job, { to }: ViewRequest): Html {
  const form = (what: "retry" | "cancel", question: string, field: Html | string) =>
    html`
      <details id="${what}" class="action">
        <summary>${what === "retry" ? "Retry" : "Cancel"}…</summary>
        <form method="post"
          action="${to.action(
            id,
            what,
          )}"><p>${question}</p>${field}<button>${what === "retry"
            ? "Retry"
            : "Cancel"} job</button></form>
      </details>
    `;
  const reason = html`<label>Reason <input name="reason" maxlength="1000"></label>
<label><input type="checkbox" name="descendants"> Cancel its child jobs too</label>`;
  return html`<div class="actions">${
    canBeRetried(status) ? form("retry", "Retry this job? It gets one more attempt.", "") : ""
  }${
    hasEnded(status)
      ? ""
      : form("cancel", "Cancel this job and the jobs that depend on it?", reason)
  }</div>`;
}
