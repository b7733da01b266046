/**
 * Attributes as OTLP/JSON. Numbers are told apart by their value alone, which is what OpenTelemetry's
 * own exporter does: 1 is an int, 1.5 a double.
 *
 * @module
 */
import type { SpanAttributes } from "../readable_span.ts";
import type { JsonBytes } from "./json_bytes.ts";

/** Writes attributes as a list of keys and values, in the order of their keys. */
export function writeAttributes(json: JsonBytes, attributes: object): void {
  const keys = Object.keys(attributes);
  json.part("[");
  for (let i = 0; i < keys.length; i++) {
    if (i > 0) json.part(",");
    writeAttribute(json, keys[i]!, (attributes as SpanAttributes)[keys[i]!]);
  }
  json.part("]");
}

/** What was written for a key. */
interface Written {
  /** The value it last had. */
  value: unknown;
  /** Its bytes, once the value has come twice in a row. */
  bytes: Uint8Array | undefined;
}

// Most keys have the same value in one span after another.
const lastOf = new Map<string, Written>();
// Keys can be made of data, and then there is no end of them.
const MOST_KEYS = 500;
const LONGEST_VALUE = 100;

function writeAttribute(json: JsonBytes, key: string, value: unknown): void {
  const last = lastOf.get(key);
  const isRepeated = last?.value === value && isKept(value);
  if (isRepeated && last?.bytes) return json.again(last.bytes);
  const start = json.length;
  json.part(`{"key":`);
  json.string(key);
  json.part(`,"value":`);
  writeValue(json, value);
  json.part("}");
  if (last === undefined) {
    if (lastOf.size < MOST_KEYS && isKept(value)) lastOf.set(key, { value, bytes: undefined });
  } else if (isKept(value)) {
    last.value = value;
    last.bytes = isRepeated ? json.copyFrom(start) : undefined;
  }
}

/** What is held must not change, and not be large. */
function isKept(value: unknown): boolean {
  if (typeof value === "string") return value.length <= LONGEST_VALUE;
  return typeof value === "number" || typeof value === "boolean";
}

/** A value with its type. Empty for what OTLP cannot say: null, undefined, a bigint, a function. */
function writeValue(json: JsonBytes, value: unknown): void {
  switch (typeof value) {
    case "string":
      json.part(`{"stringValue":`);
      json.string(value);
      return json.part("}");
    case "number":
      json.part(Number.isInteger(value) ? `{"intValue":` : `{"doubleValue":`);
      json.number(value);
      return json.part("}");
    case "boolean":
      return json.part(`{"boolValue":${value}}`);
    case "object":
      return value === null ? json.part("{}") : writeObject(json, value);
    default:
      return json.part("{}");
  }
}

function writeObject(json: JsonBytes, value: object): void {
  if (value instanceof Uint8Array) return json.ascii(`{"bytesValue":"${base64(value)}"}`);
  if (Array.isArray(value)) {
    json.part(`{"arrayValue":{"values":`);
    json.list(value, writeValue);
  } else {
    json.part(`{"kvlistValue":{"values":`);
    writeAttributes(json, value);
  }
  json.part("}}");
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
