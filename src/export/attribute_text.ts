/**
 * An attribute's value as text, for formats that have nothing else.
 *
 * @module
 */

/** A value as text: lists and objects as JSON. Never throws, whatever somebody made an attribute. */
export function attributeText(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  try {
    return JSON.stringify(value) ?? "";
  } catch {
    // A bigint or a circle inside; it must not lose the other spans of its batch.
    return Object.prototype.toString.call(value);
  }
}
