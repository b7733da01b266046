/**
 * Elements that several views have: a status, a time, an id, a list of jobs.
 *
 * @module
 */
import { html } from "hono/html";
import { distanceText } from "../duration.ts";
import type { JobSummary } from "../job/job.ts";
import type { JobStatus } from "../job/status.ts";
import type { ManyAction } from "./act_on_many.ts";
import type { Html, ViewRequest } from "./view.ts";

const signs: Readonly<Record<JobStatus, string>> = {
  scheduled: "◷",
  blocked: "◇",
  ready: "○",
  running: "▶",
  retrying: "↻",
  completed: "✓",
  failed: "✗",
  cancelled: "⊘",
};

/** A status as a sign and a word, so that it can be read without colors. */
export function statusMark(status: JobStatus): Html {
  return html`<span class="status ${status}"><span aria-hidden="true">${
    signs[status]
  }</span> ${status}</span>`;
}

/** A time to the millisecond, in UTC. */
export function timestamp(date: Date): Html {
  const iso = date.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, -1).replace("T", " ")} UTC</time>`;
}

/** A time relative to now, such as `5 min ago`; the title has the time itself. */
export function relativeTime(date: Date, now: number): Html {
  const iso = date.toISOString();
  return html`<time datetime="${iso}" title="${iso}">${distanceText(date.getTime(), now)}</time>`;
}

/** An id with a button that copies it; without script one click selects it. */
export function copyableId(id: string): Html {
  return html`
    <span
      class="copied"><code>${id}</code><button type="button" class="copy" data-copy="${id}">Copy</button></span>
  `;
}

/**
 * Jobs as lines: each with its status and its queue, why it failed or when it is due. In a form they can
 * be chosen.
 */
export function jobLines(
  jobs: readonly JobSummary[],
  { to, now }: ViewRequest,
  canBeChosen: boolean = false,
): Html {
  return html`
    <ol class="lines">
    ${jobs.map((job) =>
      html`
        <li id="${job.id}">${canBeChosen
          ? html`<input type="checkbox" name="id" value="${job.id}" aria-label="Choose ${job.queueName} ${
            job.id.slice(-6)
          }">`
          : ""}${statusMark(job.status)} <a href="${to.job(job.id)}">${job
          .queueName}</a>
        <code title="${job.id}">…${job.id.slice(-6)}</code>
        ${correlationLink(job, to)}
        ${noteOf(job, now)}
        <span class="when">${relativeTime(job.createdAt, now)}</span></li>
      `
    )}</ol>
  `;
}

/** Links to the confirmations of actions on all jobs that match these parameters. */
export function actionLinks(
  actions: readonly ManyAction[],
  params: readonly (readonly [string, string])[],
  { to }: ViewRequest,
): Html {
  return html`
    <p class="actions"><span class="note">All that match:</span> ${actions.map(({ name, label }) =>
      html`
        <a href="${to.act([["do", name], ...params])}">${label}…</a>
      `
    )}</p>
  `;
}

/** Jobs that can be chosen, with a button for each action. */
export function jobChoice(
  jobs: readonly JobSummary[],
  actions: readonly ManyAction[],
  request: ViewRequest,
): Html {
  return html`
    <form action="${request.to.act()}">${jobLines(jobs, request, true)}
    <p class="actions"><span class="note">The chosen ones:</span> ${actions.map(({ name, label }) =>
      html`
        <button name="do" value="${name}">${label}…</button>
      `
    )}</p></form>
  `;
}

/** The business process of a job, if it has one. */
export function correlationLink(
  { correlationId }: JobSummary,
  to: ViewRequest["to"],
): Html | string {
  if (correlationId === undefined) return "";
  return html`<a class="id" href="${to.correlation(correlationId)}">${correlationId}</a>`;
}

function noteOf({ status, error, runAt }: JobSummary, now: number): Html | string {
  if (status === "scheduled" || status === "retrying") {
    return html`<span class="note">due ${relativeTime(runAt, now)}</span>`;
  }
  if (status !== "failed" || error === undefined) return "";
  return html`<span class="error">${error.name}: ${shortened(error.message)}</span>`;
}

const MAX_MESSAGE_LENGTH = 200;

/** The beginning of an error's message, for a list. */
export function shortened(message: string): string {
  return message.length > MAX_MESSAGE_LENGTH ? `${message.slice(0, MAX_MESSAGE_LENGTH)}…` : message;
}

/** The options of a select: values and texts. */
export function options(
  chosen: string | undefined,
  all: readonly (readonly [value: string, text: string])[],
): readonly Html[] {
  return all.map(([value, text]) =>
    html`
      <option value="${value}" ${value === chosen ? " selected" : ""}>${text}</option>
    `
  );
}
