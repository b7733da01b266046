/**
 * The options of the page.
 *
 * @module
 */
import { checkOptionNames, shown } from "../job/checks.ts";

/** Options of the page. */
export interface PageOptions {
  /** The name in its header, to tell installations apart. Default `hammerwork`. */
  readonly title?: string | undefined;
  /**
   * Links from a trace to other tools, by name. Each is an http(s) address that contains `{traceId}`,
   * such as `{ Jaeger: "http://localhost:16686/trace/{traceId}" }`. Default: none.
   */
  readonly traceLinks?: Readonly<Record<string, string>> | undefined;
}

/** A link to a trace in another tool. */
export interface TraceLink {
  /** The name of the tool. */
  readonly name: string;
  /** The address, which contains `{traceId}`. */
  readonly template: string;
}

/** Checked options with defaults. */
export interface PageSettings {
  /** The name in the header. */
  readonly title: string;
  /** In the order of the options. */
  readonly traceLinks: readonly TraceLink[];
}

/** Checks options and adds defaults. */
export function readPageOptions(options: PageOptions): PageSettings {
  checkOptionNames("The page", options, { title: true, traceLinks: true });
  const { title = "hammerwork", traceLinks = {} } = options;
  if (typeof title !== "string" || title === "") {
    throw new TypeError(`title must be a non-empty string: got ${shown(title)}`);
  }
  return { title, traceLinks: Object.entries(traceLinks).map(checkTraceLink) };
}

const PLACE = "{traceId}";

function checkTraceLink([name, template]: [string, string]): TraceLink {
  const example = typeof template === "string" ? template.replaceAll(PLACE, "0") : "";
  const isAddress = URL.canParse(example) && /^https?:$/.test(new URL(example).protocol);
  if (isAddress && template.includes(PLACE)) return { name, template };
  throw new TypeError(
    `traceLinks.${name} must be an http(s) address that contains ${PLACE}: got ${shown(template)}`,
  );
}

/** The address of a trace in another tool. */
export function traceAddress({ template }: TraceLink, traceId: string): string {
  return template.replaceAll(PLACE, traceId);
}
