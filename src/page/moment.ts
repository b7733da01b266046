/**
 * Moments, in the one time zone that every reader can convert from.
 *
 * @module
 */
import { html } from "hono/html";
import { distanceText } from "../duration.ts";
import type { Html } from "./view.ts";

/** A moment to the millisecond. */
export function moment(date: Date): Html {
  const iso = date.toISOString();
  return html`<time datetime="${iso}">${iso.slice(0, -1).replace("T", " ")} UTC</time>`;
}

/** How far a moment is from now; the moment itself is told to who points at it. */
export function distance(date: Date, now: number): Html {
  const iso = date.toISOString();
  return html`<time datetime="${iso}" title="${iso}">${distanceText(date.getTime(), now)}</time>`;
}
