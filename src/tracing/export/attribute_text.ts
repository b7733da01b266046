/**
 * Values of attributes as text, for formats that have only text and for values that only by their type
 * are text. Unpaired surrogates become U+FFFD: UTF-8 cannot encode them, and a receiver that finds
 * their JSON escape refuses the whole request.
 *
 * @module
 */

import type { AttributeValues } from "./readable_span.ts";

/** A value as text, lists and objects as JSON. Never throws. */
export function attributeText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value).toWellFormed();
  try {
    return (JSON.stringify(value) ?? "").replace(ESCAPE, wellFormedEscape);
  } catch {
    // A bigint or a cycle inside must not lose the other spans of its batch.
    return Object.prototype.toString.call(value).toWellFormed();
  }
}

/** Attributes as texts, without those that are null or undefined. Never throws. */
export function attributeTexts(attributes: AttributeValues): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const key of Object.keys(attributes)) {
    const value = valueOf(attributes, key);
    if (value !== undefined && value !== null) texts[key.toWellFormed()] = attributeText(value);
  }
  return texts;
}

/** The value of a key; `undefined` where a getter throws. */
export function valueOf(attributes: object, key: string): unknown {
  try {
    return (attributes as AttributeValues)[key];
  } catch {
    return undefined;
  }
}

// Matches every escape, so that an escaped backslash does not look like the start of one.
const ESCAPE = /\\(ud[89a-f][0-9a-f]{2}|.)/g;

/** `JSON.stringify` escapes only unpaired surrogates. */
function wellFormedEscape(escape: string): string {
  return escape.length > 2 ? "\ufffd" : escape;
}
