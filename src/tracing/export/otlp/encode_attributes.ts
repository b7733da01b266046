/**
 * Attributes as OTLP/JSON. Numbers are told apart by their value alone, which is what OpenTelemetry's
 * own exporter does: 1 is an int, 1.5 a double. What a receiver would refuse the whole request for is
 * written as proto3's JSON mapping has it: a double that is not finite as text, an integer that is not
 * safe as a double.
 *
 * @module
 */
import { valueOf } from "../attribute_text.ts";
import type { JsonBytes } from "./json_bytes.ts";

/** Writes attributes as a list of keys and values, in the order of their keys. */
export function writeAttributes(json: JsonBytes, attributes: object): void {
  writeEntries(json, attributes, []);
}

/** The objects that a value is in, from the outermost. */
type Path = readonly object[];

// Far deeper than data is, and no deeper than what a decoder of protobuf goes, which counts three
// messages a level.
const DEEPEST = 30;

function writeEntries(json: JsonBytes, attributes: object, path: Path): void {
  const keys = Object.keys(attributes);
  const start = json.length;
  json.part("[");
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i]!;
    const last = lastOf.get(key);
    // What is remembered is well-formed.
    if (last === undefined && !key.isWellFormed()) {
      json.backTo(start);
      return writeEntries(json, withWellFormedKeys(attributes, keys), path);
    }
    if (i > 0) json.part(",");
    writeAttribute(json, key, valueOf(attributes, key), last, path);
  }
  json.part("]");
}

/** Keys that differ may become one, and none may come twice. */
function withWellFormedKeys(attributes: object, keys: readonly string[]): object {
  const wellFormed: Record<string, unknown> = Object.create(null);
  for (const key of keys) wellFormed[key.toWellFormed()] = valueOf(attributes, key);
  return wellFormed;
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

function writeAttribute(
  json: JsonBytes,
  key: string,
  value: unknown,
  last: Written | undefined,
  path: Path,
): void {
  const isRepeated = last?.value === value && isKept(value);
  if (isRepeated && last?.bytes) return json.again(last.bytes);
  const start = json.length;
  json.part(`{"key":`);
  json.string(key);
  json.part(`,"value":`);
  writeValue(json, value, path);
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

/** A value with its type. Empty for what OTLP cannot say: null, undefined, a symbol, a function. */
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
          // As the specification maps an integer that has no place in 64 bits.
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
  // An object that contains itself has no end.
  if (path.length === DEEPEST || path.includes(value)) return json.part("{}");
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
