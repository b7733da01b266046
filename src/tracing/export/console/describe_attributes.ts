/**
 * Attributes as `key=value` in one line. A span's own name says already what a job's attributes
 * repeat, and their long prefixes are left off.
 *
 * @module
 */
import { escapeControlCharacters } from "../../../control_characters.ts";
import { attributeText } from "../attribute_text.ts";
import type { SpanAttributes } from "../readable_span.ts";

/** In the span's name, the same for all, or told with another one. */
const REPEATED: ReadonlySet<string> = new Set([
  "messaging.system",
  "messaging.operation.name",
  "messaging.operation.type",
  "messaging.destination.name",
  "hammerwork.job.max_attempts",
]);

/** The word for it here. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["messaging.message.id", "job"],
  ["messaging.message.conversation_id", "correlation_id"],
]);

const PREFIXES = ["hammerwork.job.", "hammerwork.", "messaging.message.", "messaging."];

const MOST_SHOWN = 12;
const LONGEST_TEXT = 80;

/** Writes what is worth reading of them. */
export function describeAttributes(attributes: SpanAttributes): string {
  const telling = Object.entries(attributes)
    .filter(([key, value]) => !REPEATED.has(key) && value !== undefined && value !== null);
  const shown = telling.slice(0, MOST_SHOWN)
    .map(([key, value]) => `${shortKey(key)}=${quoted(value)}${outOf(key, attributes)}`);
  const more = telling.length - shown.length;
  return (more > 0 ? [...shown, `and ${more} more`] : shown).join(" ");
}

/** Text that cannot break the line, turn it round, nor change the terminal. */
export function oneLineOf(value: unknown): string {
  return escapeControlCharacters(shortened(value));
}

function shortened(value: unknown): string {
  const text = attributeText(value).slice(0, 1_000).replace(/\s+/g, " ").trim();
  return text.length > LONGEST_TEXT ? `${text.slice(0, LONGEST_TEXT - 1)}…` : text;
}

/** `attempt=1/3` */
function outOf(key: string, { "hammerwork.job.max_attempts": most }: SpanAttributes): string {
  return key === "hammerwork.job.attempt" && most !== undefined ? `/${oneLineOf(most)}` : "";
}

function shortKey(key: string): string {
  const renamed = RENAMED.get(key);
  if (renamed !== undefined) return renamed;
  const prefix = PREFIXES.find((prefix) => key.startsWith(prefix)) ?? "";
  return oneLineOf(key.slice(prefix.length));
}

function quoted(value: unknown): string {
  if (typeof value === "string") {
    return /^[\w.:/@+-]+$/.test(value) && value.length <= LONGEST_TEXT
      ? value
      : escapeControlCharacters(JSON.stringify(shortened(value)));
  }
  return oneLineOf(value);
}
