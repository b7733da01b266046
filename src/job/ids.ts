/**
 * Ids and names of jobs, traces, business processes and queues: made, read and checked. All are
 * strings.
 *
 * @module
 */
import { InputRangeError, shown } from "./checks.ts";

/** Makes a job id: a UUIDv7 (RFC 9562). An id that is made later sorts later. */
export function newJobId(): string {
  const digits = randomHex(10);
  const variant = VARIANTS[parseInt(digits[3]!, 16) & 3];
  return `${startOfIds(Date.now())}-7${digits.slice(0, 3)}-${variant}${digits.slice(4, 7)}-` +
    digits.slice(8);
}

const VARIANTS = "89ab";

let startMs = NaN;
let start = "";

/** The first two groups of a UUIDv7: the same for all ids of one millisecond. */
function startOfIds(ms: number): string {
  if (ms !== startMs) {
    const time = ms.toString(16).padStart(12, "0");
    start = `${time.slice(0, 8)}-${time.slice(8)}`;
    startMs = ms;
  }
  return start;
}

/**
 * Makes a trace id: 32 lower-case hex digits, as in W3C Trace Context.
 *
 * ```ts
 * import { newTraceId } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * assert.match(newTraceId(), /^[0-9a-f]{32}$/);
 * ```
 */
export function newTraceId(): string {
  return randomHex(16);
}

/** Makes a correlation id, a UUID, for a business process that has no id of its own. */
export function newCorrelationId(): string {
  return dashed(randomHex(16));
}

/**
 * Makes a correlation id of the id of a business object, such as an order number.
 *
 * @throws {RangeError} when it is not 1 to 255 characters without control characters.
 *
 * ```ts
 * import { correlationIdFrom } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * assert.equal(correlationIdFrom("order-12345"), "order-12345");
 * assert.equal(correlationIdFrom(12345), "12345");
 * ```
 */
export function correlationIdFrom(businessId: string | number | bigint): string {
  const isId = ["string", "number", "bigint"].includes(typeof businessId);
  return checkCorrelationId(isId ? String(businessId) : businessId);
}

/**
 * Normalizes a trace id: 32 hex digits or a UUID, in upper or lower case.
 *
 * @returns 32 lower-case hex digits.
 * @throws {RangeError} when it is neither, or all zero, which W3C Trace Context does not allow.
 *
 * ```ts
 * import { readTraceId } from "hammerwork";
 * import assert from "node:assert/strict";
 *
 * assert.equal(
 *   readTraceId("550E8400-e29b-41d4-a716-446655440000"),
 *   "550e8400e29b41d4a716446655440000",
 * );
 * ```
 */
export function readTraceId(text: string): string {
  const traceId = isWholeTraceId(text) ? text.replaceAll("-", "").toLowerCase() : "";
  if (traceId === "" || /^0+$/.test(traceId)) {
    throw new InputRangeError(
      `A trace id must be 32 hex digits or a UUID, and not all zero: got ${shown(text)}`,
    );
  }
  return traceId;
}

/**
 * Refuses what is not a queue name: a letter or digit, then up to 127 letters, digits, `_ . : -`.
 */
export function checkQueueName(name: unknown): string {
  if (typeof name === "string" && /^[A-Za-z0-9][\w.:-]{0,127}$/.test(name)) return name;
  throw new InputRangeError(
    "A queue name must be a letter or digit, then up to 127 letters, digits or _ . : -, " +
      `such as "email_queue": got ${shown(name)}`,
  );
}

/** Whether a text has the form of a trace id: 32 hex digits or a UUID, in upper or lower case. */
export function isWholeTraceId(text: unknown): text is string {
  return typeof text === "string" && (/^[0-9a-f]{32}$/i.test(text) || UUID.test(text));
}

/** Whether a text has the form of a job id: a UUID in lower case. */
export function isJobId(text: unknown): text is string {
  return typeof text === "string" && JOB_ID.test(text);
}

/** Refuses what is not a job id: a UUID in lower case. */
export function checkJobId(id: unknown, what = "A job id"): string {
  if (isJobId(id)) return id;
  throw new InputRangeError(`${what} must be a UUID in lower case: got ${shown(id)}`);
}

/** Refuses what is not a correlation id: 1 to 255 characters without control characters. */
export function checkCorrelationId(id: unknown, what = "A correlation id"): string {
  if (typeof id === "string" && id.length >= 1 && id.length <= 255 && !CONTROL.test(id)) return id;
  throw new InputRangeError(
    `${what} must be 1 to 255 characters without control characters: got ${shown(id)}`,
  );
}

const JOB_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
// Lone surrogates count as control characters: no database or header can hold them.
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]|\p{Surrogate}/u;

function dashed(digits: string): string {
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-${digits.slice(12, 16)}-` +
    `${digits.slice(16, 20)}-${digits.slice(20)}`;
}

// One call for many random bytes takes no longer than one for a few. An id is a slice of this text
// and keeps all of it in memory, so it is short.
const SUPPLY_BYTES = 512;
const DIGITS: Uint8Array = new TextEncoder().encode("0123456789abcdef");

// Filled at the first use: workerd lets no module ask for randomness while it loads.
let supply = "";
let used = 0;

/** Random bytes, at most 512, as two lower-case hex digits each. */
export function randomHex(byteCount: number): string {
  const length = 2 * byteCount;
  if (used + length > supply.length) {
    supply = newSupply();
    used = 0;
  }
  return supply.slice(used, used += length);
}

function newSupply(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(SUPPLY_BYTES));
  const digits = new Uint8Array(2 * SUPPLY_BYTES);
  for (let i = 0; i < SUPPLY_BYTES; i++) {
    digits[2 * i] = DIGITS[bytes[i]! >> 4]!;
    digits[2 * i + 1] = DIGITS[bytes[i]! & 0x0f]!;
  }
  return new TextDecoder().decode(digits);
}
