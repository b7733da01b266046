/**
 * Attributes as OTLP/JSON writes them: a list of keys, each with a value that names its own type.
 *
 * @module
 */
import type { SpanAttributes } from "../readable_span.ts";

/** One attribute. */
export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** A value with its type. Empty for what OTLP cannot say: null, undefined, a bigint, a function. */
export type AnyValue =
  | { readonly stringValue: string }
  | { readonly boolValue: boolean }
  | { readonly intValue: number }
  | { readonly doubleValue: number }
  | { readonly bytesValue: string }
  | { readonly arrayValue: { readonly values: readonly AnyValue[] } }
  | { readonly kvlistValue: { readonly values: readonly KeyValue[] } }
  | Readonly<Record<string, never>>;

/** Writes attributes in the order of their keys. */
export function encodeAttributes(attributes: object): KeyValue[] {
  const encoded: KeyValue[] = [];
  for (const key of Object.keys(attributes)) {
    encoded.push({ key, value: encodeValue((attributes as SpanAttributes)[key]) });
  }
  return encoded;
}

function encodeValue(value: unknown): AnyValue {
  switch (typeof value) {
    case "string":
      return { stringValue: value };
    case "number":
      return Number.isInteger(value) ? { intValue: value } : { doubleValue: value };
    case "boolean":
      return { boolValue: value };
    case "object":
      return value === null ? {} : encodeObject(value);
    default:
      return {};
  }
}

function encodeObject(value: object): AnyValue {
  if (value instanceof Uint8Array) return { bytesValue: base64(value) };
  // Array.from, because map would skip the holes of a sparse array.
  if (Array.isArray(value)) return { arrayValue: { values: Array.from(value, encodeValue) } };
  return { kvlistValue: { values: encodeAttributes(value) } };
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
