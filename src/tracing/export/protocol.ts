/**
 * What differs between the formats that spans are sent in. Delivery, queue, deadline and reports are
 * the same for all.
 *
 * @module
 */
import type { ReadableSpan } from "./readable_span.ts";

/** JSON as text, or as its UTF-8. */
export type Json = string | Uint8Array<ArrayBuffer>;

/** A format, and what a collector that speaks it means by its answer. */
export interface Protocol {
  /** Writes spans as the JSON of one request. */
  encode(spans: readonly ReadableSpan[]): Json;
  /** Takes back what was encoded, once a collector has taken it; then it may change. */
  recycle?(json: Json): void;
  /** Reads the body of a 2xx answer. */
  readAcceptance(body: string): Acceptance;
}

/** What a collector says of a request that it took. */
export interface Acceptance {
  /** The spans that it did not keep all the same. */
  readonly rejectedSpans: number;
  /** Its own words, if it has any. */
  readonly message: string;
}

/** All is well. */
export const acceptedAll: Acceptance = { rejectedSpans: 0, message: "" };
