/**
 * Batches of spans, sent as JSON over the global `fetch`, which every runtime has. OpenTelemetry's
 * own exporter uses `node:http` outside a browser bundle and does not try a refused connection again.
 *
 * @module
 */
import { oneLine } from "./answer.ts";
import type { Deadline } from "./deadline.ts";
import { deliver, said } from "./deliver.ts";
import { canGzip, type Compression, gzip } from "./gzip.ts";
import type { Protocol } from "./protocol.ts";
import type { ReadableSpan } from "./readable_span.ts";

/** Where spans go, and how. */
export interface Destination {
  /** The whole URL to post to. */
  readonly url: string;
  /** The format that is understood there. */
  readonly protocol: Protocol;
  /** Sent with every request, such as an API key. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** @default {"none"} */
  readonly compression?: Compression | undefined;
  /** Before the second try; then half more each time. @default {1_000} */
  readonly retryDelayMs?: number | undefined;
}

/** What became of a batch. */
export interface Sent {
  /** The spans that did not arrive, or were not kept there. */
  readonly lostSpans: number;
  /** Why, or what else the collector has to say; a sentence. */
  readonly sentence?: string | undefined;
}

/** Sends one batch within its deadline. Never rejects. */
export type SendSpans = (spans: readonly ReadableSpan[], deadline: Deadline) => Promise<Sent>;

/**
 * Makes what sends to one destination.
 *
 * @throws {TypeError} when a header cannot be sent.
 */
export function newSender(destination: Destination): SendSpans {
  const { url, protocol, retryDelayMs = 1_000 } = destination;
  const isCompressed = destination.compression === "gzip" && canGzip();
  const headers = readHeaders(destination.headers ?? {});
  if (isCompressed) headers.set("content-encoding", "gzip");
  const place = { url, headers };

  return async (spans, deadline) => {
    try {
      const json = protocol.encode(spans);
      const body = isCompressed ? await gzip(json) : json;
      const answer = await deliver({ ...place, body }, deadline, retryDelayMs);
      protocol.recycle?.(json);
      const { rejectedSpans, message } = protocol.readAcceptance(answer);
      const words = oneLine(message);
      if (rejectedSpans > 0) {
        const sentence = said(place, `rejected ${rejectedSpans} of ${spans.length}: ${words}`);
        return { lostSpans: Math.min(rejectedSpans, spans.length), sentence };
      }
      if (words === "") return { lostSpans: 0 };
      return { lostSpans: 0, sentence: said(place, `accepted all spans with a warning: ${words}`) };
    } catch (error) {
      const sentence = error instanceof Error ? error.message : String(error);
      return { lostSpans: spans.length, sentence };
    }
  };
}

/** @throws {TypeError} which names the header; the runtime's own error would show the value. */
export function readHeaders(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      throw new TypeError(`A header must have a name and a value HTTP can send: got ${name}`);
    }
  }
  headers.set("content-type", "application/json");
  return headers;
}
