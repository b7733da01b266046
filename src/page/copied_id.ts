/**
 * An id that is there to be copied: by a button where scripts run, else by one click that selects it.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "./view.ts";

/** The id, whole. */
export function copiedId(id: string): Html {
  return html`
    <span
      class="copied"><code>${id}</code><button type="button" class="copy" data-copy="${id}">Copy</button></span>
  `;
}
