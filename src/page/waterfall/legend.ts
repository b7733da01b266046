/**
 * What the parts of a bar mean.
 *
 * @module
 */
import { html } from "hono/html";
import type { Html } from "../view.ts";
import { type Mark, markSign } from "./bar.ts";

const marks: readonly (readonly [Mark | "goes-on", string])[] = [
  ["retried", "tried again"],
  ["failed", "failed"],
  ["cancelled", "cancelled"],
  ["unblocked", "what it waited for had ended"],
  ["linked", "ran in a linked trace"],
  ["goes-on", "goes on"],
];

/** The legend. */
export function legend(): Html {
  const sample = (kind: string) =>
    html`
      <svg class="sign" viewBox="0 0 14 14" aria-hidden="true">
        <rect class="${kind}" y="3" width="14" height="8" />
      </svg>
    `;
  return html`<ul class="legend"><li>${sample("wait")} waits</li><li>${
    sample("run completed")
  } runs</li>${marks.map(([mark, text]) => html`<li>${markSign(mark)} ${text}</li>`)}</ul>`;
}
