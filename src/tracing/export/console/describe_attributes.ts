/**
 * Attributes as `key=value` in one line, without the long prefixes and without those that the span's
 * name repeats.
 *
 * @module
 */
import { escapeControlCharacters } from "../../../control_characters.ts";
import { attributeText } from "../attribute_text.ts";
import type { AttributeValues } from "../readable_span.ts";

/** In the span's name, the same for all spans, or written with another attribute. */
const REPEATED: ReadonlySet<string> = new Set([
  "messaging.system",
  "messaging.operation.name",
  "messaging.operation.type",
  "messaging.destination.name",
  "hammerwork.job.max_attempts",
]);

/** Shorter names. */
const RENAMED: ReadonlyMap<string, string> = new Map([
  ["messaging.message.id", "job"],
  ["messaging.message.conversation_id", "correlation_id"],
]);

const PREFIXES = ["hammerwork.job.", "hammerwork.", "messaging.message.", "messaging."];

const MAX_ATTRIBUTES = 12;
const MAX_TEXT_LENGTH = 80;

/** Writes the attributes. */
export function describeAttributes(attributes: AttributeValues): string {
  const informative = Object.entries(attributes)
    .filter(([key, value]) => !REPEATED.has(key) && value !== undefined && value !== null);
  const shown = informative.slice(0, MAX_ATTRIBUTES)
    .map(([key, value]) => `${shortKey(key)}=${valueText(value)}${outOf(key, attributes)}`);
  const more = informative.length - shown.length;
  return (more > 0 ? [...shown, `and ${more} more`] : shown).join(" ");
}

/** A value as text in one line, without control characters. */
export function oneLineOf(value: unknown): string {
  return escapeControlCharacters(shortText(value));
}

function shortText(value: unknown): string {
  const text = attributeText(value).slice(0, 1_000).replace(/\s+/g, " ").trim();
  return text.length > MAX_TEXT_LENGTH ? `${text.slice(0, MAX_TEXT_LENGTH - 1)}…` : text;
}

/** `attempt=1/3` */
function outOf(key: string, { "hammerwork.job.max_attempts": most }: AttributeValues): string {
  return key === "hammerwork.job.attempt" && most !== undefined ? `/${oneLineOf(most)}` : "";
}

function shortKey(key: string): string {
  const renamed = RENAMED.get(key);
  if (renamed !== undefined) return renamed;
  const prefix = PREFIXES.find((prefix) => key.startsWith(prefix)) ?? "";
  return oneLineOf(key.slice(prefix.length));
}

function valueText(value: unknown): string {
  if (typeof value === "string") {
    return /^[\w.:/@+-]+$/.test(value) && value.length <= MAX_TEXT_LENGTH
      ? value
      : escapeControlCharacters(JSON.stringify(shortText(value)));
  }
  return oneLineOf(value);
}
