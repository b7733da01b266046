/**
 * An attribute's value as text, for formats that have nothing else, and for what only a type says is
 * text. Half of a surrogate pair in it becomes U+FFFD: UTF-8 has no form for one, and a receiver that
 * finds its escape refuses the whole request.
 *
 * @module
 */

import type { SpanAttributes } from "./readable_span.ts";

/** A value as text: lists and objects as JSON. Never throws, whatever somebody made an attribute. */
export function attributeText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value).toWellFormed();
  try {
    return (JSON.stringify(value) ?? "").replace(ESCAPE, wellFormedEscape);
  } catch {
    // A bigint or a circle inside; it must not lose the other spans of its batch.
    return Object.prototype.toString.call(value).toWellFormed();
  }
}

/** Attributes as texts; what is null or undefined is left out. Never throws. */
export function textsOf(attributes: SpanAttributes): Record<string, string> {
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
    return (attributes as SpanAttributes)[key];
  } catch {
    return undefined;
  }
}

// All escapes, so that a backslash that is escaped itself begins none.
const ESCAPE = /\\(ud[89a-f][0-9a-f]{2}|.)/g;

/** `JSON.stringify` escapes a surrogate only where it stands alone. */
function wellFormedEscape(escape: string): string {
  return escape.length > 2 ? "\ufffd" : escape;
}
