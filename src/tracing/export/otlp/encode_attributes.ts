/**
 * Attributes as OTLP/JSON. As in OpenTelemetry's own exporter, a number's type follows from its value:
 * 1 is an int, 1.5 a double. Values that would make a receiver refuse the whole request are written as
 * proto3's JSON mapping says: a double that is not finite as text, an unsafe integer as a double.
 *
 * @module
 */
import { valueOf } from "../attribute_text.ts";
import type { JsonBytes } from "./json_bytes.ts";

/** Writes attributes as a list of keys and values, in the order of their keys. */
export function writeAttributes(json: JsonBytes, attributes: object): void {
  writeEntries(json, attributes, []);
}

/** The objects around a value, from the outermost. */
type Path = readonly object[];

// Far deeper than real data, and as deep as a decoder of protobuf goes, to which each level is three
// messages.
const MAX_DEPTH = 30;

function writeEntries(json: JsonBytes, attributes: object, path: Path): void {
  const keys = Object.keys(attributes);
  const start = json.length;
  json.part("[");
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const last = cache.get(key);
    // Cached keys are well-formed.
    if (last === undefined && !key.isWellFormed()) {
      json.truncate(start);
      return writeEntries(json, withWellFormedKeys(attributes, keys), path);
    }
    if (i > 0) json.part(",");
    writeAttribute(json, key, valueOf(attributes, key), last, path);
  }
  json.part("]");
}

/** Different keys may become the same, and none may be written twice. */
function withWellFormedKeys(attributes: object, keys: readonly string[]): object {
  const wellFormed: Record<string, unknown> = Object.create(null);
  for (const key of keys) wellFormed[key.toWellFormed()] = valueOf(attributes, key);
  return wellFormed;
}

/** A key's attribute, as it was last written. */
interface CachedAttribute {
  /** Its last value. */
  value: unknown;
  /** Its bytes, once the value came twice in a row. */
  bytes: Uint8Array | undefined;
}

// The cache of the process: most attributes have the same value in one span after another. Keys may be
// made of data, so their number is limited.
const cache = new Map<string, CachedAttribute>();
const MAX_CACHED_KEYS = 500;
const MAX_CACHED_LENGTH = 100;

function writeAttribute(
  json: JsonBytes,
  key: string,
  value: unknown,
  last: CachedAttribute | undefined,
  path: Path,
): void {
  const isRepeated = last?.value === value && isCacheable(value);
  if (isRepeated && last?.bytes) return json.bytes(last.bytes);
  const start = json.length;
  json.part(`{"key":`);
  json.string(key);
  json.part(`,"value":`);
  writeValue(json, value, path);
  json.part("}");
  if (last === undefined) {
    if (cache.size < MAX_CACHED_KEYS && isCacheable(value)) {
      cache.set(key, { value, bytes: undefined });
    }
  } else if (isCacheable(value)) {
    last.value = value;
    last.bytes = isRepeated ? json.copyFrom(start) : undefined;
  }
}

/** Cached values must be immutable and small. */
function isCacheable(value: unknown): boolean {
  if (typeof value === "string") return value.length <= MAX_CACHED_LENGTH;
  return typeof value === "number" || typeof value === "boolean";
}

/** Writes a value with its type; empty for null, undefined, symbols and functions, which OTLP lacks. */
function writeValue(json: JsonBytes, value: unknown, path: Path): void {
  switch (typeof value) {
    case "string":
      json.part(`{"stringValue":`);
      json.string(value);
      return json.part("}");
    case "number":
      return writeNumber(json, value);
    case "boolean":
      return json.part(`{"boolValue":${value}}`);
    case "bigint":
      return json.ascii(
        BigInt.asIntN(64, value) === value
          ? `{"intValue":"${value}"}`
          // As the specification says of an integer that does not fit into 64 bits.
          : `{"stringValue":"${value}"}`,
      );
    case "object":
      return value === null ? json.part("{}") : writeObject(json, value, path);
    default:
      return json.part("{}");
  }
}

function writeNumber(json: JsonBytes, value: number): void {
  if (Number.isSafeInteger(value)) {
    json.part(`{"intValue":`);
    json.number(value);
  } else {
    json.part(`{"doubleValue":`);
    json.ascii(Number.isFinite(value) ? `${value}` : `"${value}"`);
  }
  json.part("}");
}

function writeObject(json: JsonBytes, value: object, path: Path): void {
  if (value instanceof Uint8Array) return json.ascii(`{"bytesValue":"${base64(value)}"}`);
  // An object may contain itself.
  if (path.length === MAX_DEPTH || path.includes(value)) return json.part("{}");
  const below = [...path, value];
  if (Array.isArray(value)) {
    json.part(`{"arrayValue":{"values":`);
    json.list(value, (json, item) => writeValue(json, item, below));
  } else {
    json.part(`{"kvlistValue":{"values":`);
    writeEntries(json, value, below);
  }
  json.part("}}");
}

function base64(bytes: Uint8Array): string {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}
