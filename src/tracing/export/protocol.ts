/**
 * What differs between the formats in which spans are sent. Queue, delivery, deadline and reports are
 * the same for all.
 *
 * @module
 */
import type { ReadableSpan } from "./readable_span.ts";

/** JSON, as text or in UTF-8. */
export type Json = string | Uint8Array<ArrayBuffer>;

/** A format of requests, and of responses. */
export interface Protocol {
  /** Encodes spans as the JSON of one request. */
  encode(spans: readonly ReadableSpan[]): Json;
  /** Takes back what `encode` returned, whose memory may then be used again. */
  recycle?(json: Json): void;
  /** Reads the body of a 2xx answer. */
  readAcceptance(body: string): Acceptance;
}

/** A successful response. */
export interface Acceptance {
  /** How many spans of the request were rejected all the same. */
  readonly rejectedSpans: number;
  /** A message, or an empty text. */
  readonly message: string;
}

/** All spans were accepted. */
export const acceptedAll: Acceptance = { rejectedSpans: 0, message: "" };
