/**
 * A status as it is shown everywhere: by a sign and a word, so that no colour has to be told apart.
 *
 * @module
 */
import { html } from "hono/html";
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

/** The sign and the word. */
export function statusMark(status: JobStatus): Html {
  return html`<span class="status ${status}"><span aria-hidden="true">${
    signs[status]
  }</span> ${status}</span>`;
}
