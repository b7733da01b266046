/**
 * Zipkin's API, version 2: `POST /api/v2/spans` takes a list of spans and answers 202, with nothing
 * to read in it.
 *
 * @module
 */
import { acceptedAll, type Protocol } from "../protocol.ts";
import { encodeZipkinSpans } from "./encode.ts";

/** Zipkin v2 as JSON. */
export const zipkin: Protocol = {
  encode: encodeZipkinSpans,
  readAcceptance: () => acceptedAll,
};
