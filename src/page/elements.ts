/**
 * Elements that several views have: a status, a time, an id.
 *
 * @module
 */
import { html } from "hono/html";
import { distanceText } from "../duration.ts";
import type { JobStatus } from "../job/status.ts";
import type { Html } from "./view.ts";

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
