/**
 * What a viewer who may write can do with a job. Each asks once more, also where no script runs.
 *
 * @module
 */
import { html } from "hono/html";
import type { Job } from "../../job/job.ts";
import { canBeRetried, hasEnded } from "../../job/status.ts";
import type { Html, Visit } from "../view.ts";

/** The forms for what can be done with it now. By its id a refresh tells one from the other. */
export function steering({ id, status }: Job, { to }: Visit): Html {
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
