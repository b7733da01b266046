/**
 * How the page is set up: what it is called, and where else a trace can be looked at.
 *
 * @module
 */
import { shown } from "../job/ids.ts";
import { checkOptionNames } from "../job/option_names.ts";

/** How the page is set up. */
export interface PageOptions {
  /** What stands in its head, to tell one installation from another. Default `hammerwork`. */
  readonly title?: string | undefined;
  /**
   * Where else a trace can be looked at, by name: an http(s) address with `{traceId}` in it, such as
   * `{ Jaeger: "http://localhost:16686/trace/{traceId}" }`.
   */
  readonly traceLinks?: Readonly<Record<string, string>> | undefined;
}

/** A place where a trace can be looked at. */
export interface TraceLink {
  /** What it is called. */
  readonly name: string;
  /** Its address, with `{traceId}` in it. */
  readonly template: string;
}

/** Checked options with everything filled in. */
export interface PageSettings {
  /** Stands in the head. */
  readonly title: string;
  /** In the order in which they were given. */
  readonly traceLinks: readonly TraceLink[];
}

/** Checks what is given and fills in the rest. */
export function readPageOptions(options: PageOptions): PageSettings {
  checkOptionNames("The page", options, { title: true, traceLinks: true });
  const { title = "hammerwork", traceLinks = {} } = options;
  if (typeof title !== "string" || title === "") {
    throw new TypeError(`title must be a string that is not empty: got ${shown(title)}`);
  }
  return { title, traceLinks: Object.entries(traceLinks).map(checkTraceLink) };
}

const PLACE = "{traceId}";

function checkTraceLink([name, template]: [string, string]): TraceLink {
  const example = typeof template === "string" ? template.replaceAll(PLACE, "0") : "";
  const isAddress = URL.canParse(example) && /^https?:$/.test(new URL(example).protocol);
  if (isAddress && template.includes(PLACE)) return { name, template };
  throw new TypeError(
    `traceLinks.${name} must be an http(s) address with ${PLACE} in it: got ${shown(template)}`,
  );
}

/** The address of a trace at another place. */
export function traceAddress({ template }: TraceLink, traceId: string): string {
  return template.replaceAll(PLACE, traceId);
}
