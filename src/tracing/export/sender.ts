/**
 * Batches of spans, sent as JSON over the global `fetch`, which every runtime has. OpenTelemetry's
 * own exporter uses `node:http` outside a browser bundle and does not try a refused connection again.
 *
 * @module
 */
import { oneLine } from "./collector_answer.ts";
import type { Deadline } from "./deadline.ts";
import { sleep } from "../../timers.ts";
import { deliver, said, TooLargeError } from "./deliver.ts";
import { canGzip, type Compression, gzip } from "./gzip.ts";
import type { Acceptance, Json, Protocol } from "./protocol.ts";
import type { ReadableSpan } from "./readable_span.ts";
import { version } from "../../version.ts";

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
 * Makes what sends to one destination. Of a batch that is too large there, or that has a span which
 * cannot be written, each half is sent, down to the one span that is the reason.
 *
 * @throws {TypeError} when a header cannot be sent.
 */
export function newSender(destination: Destination): SendSpans {
  const { url, protocol, retryDelayMs = 1_000 } = destination;
  const isCompressed = destination.compression === "gzip" && canGzip();
  const headers = readHeaders(destination.headers ?? {});
  if (isCompressed) headers.set("content-encoding", "gzip");
  const place = { url, headers };
  // Before compression: of the smallest batch that was too large.
  let refusedLength = Infinity;

  const send: SendSpans = async (spans, deadline) => {
    let json: Json | undefined;
    try {
      json = protocol.encode(spans);
      if (spans.length > 1 && json.length >= refusedLength) {
        protocol.recycle?.(json);
        return await sendHalves(spans, deadline);
      }
      const body = isCompressed ? await gzip(json) : json;
      const answer = await deliver({ ...place, body }, deadline, retryDelayMs);
      protocol.recycle?.(json);
      return whatBecameOf(spans, protocol.readAcceptance(answer));
    } catch (error) {
      if (json === undefined && spans.length > 1) return await sendHalves(spans, deadline);
      if (json === undefined || !(error instanceof TooLargeError)) return lost(spans, error);
      if (spans.length === 1) {
        const bytes = new Blob([json]).size;
        return lost(spans, `${error.message}, to one span of ${bytes} bytes`);
      }
      refusedLength = Math.min(refusedLength, json.length);
      if (error.retryAfterMs >= deadline.leftMs()) {
        return lost(spans, `${error.message}, and no time was left to send less at once`);
      }
      await sleep(error.retryAfterMs, { keepsAlive: false });
      return await sendHalves(spans, deadline);
    }
  };

  const sendHalves: SendSpans = async (spans, deadline) => {
    const middle = spans.length >> 1;
    const halves = [
      await send(spans.slice(0, middle), deadline),
      await send(spans.slice(middle), deadline),
    ] as const;
    const told = halves.find(({ lostSpans }) => lostSpans > 0) ??
      halves.find(({ sentence }) => sentence !== undefined);
    return { lostSpans: halves[0].lostSpans + halves[1].lostSpans, sentence: told?.sentence };
  };

  const whatBecameOf = (spans: Spans, { rejectedSpans, message }: Acceptance): Sent => {
    const words = oneLine(message);
    if (rejectedSpans > 0) {
      const sentence = said(place, `rejected ${rejectedSpans} of ${spans.length}: ${words}`);
      return { lostSpans: Math.min(rejectedSpans, spans.length), sentence };
    }
    if (words === "") return { lostSpans: 0 };
    return { lostSpans: 0, sentence: said(place, `accepted all spans with a warning: ${words}`) };
  };

  return send;
}

type Spans = readonly ReadableSpan[];

function lost(spans: Spans, reason: unknown): Sent {
  const sentence = reason instanceof Error ? reason.message : String(reason);
  return { lostSpans: spans.length, sentence };
}

/** @throws {TypeError} which names the header; the runtime's own error would show the value. */
export function readHeaders(given: Readonly<Record<string, string>>): Headers {
  // OTLP asks for one that names the exporter; in a browser, fetch keeps its own.
  const headers = new Headers({ "user-agent": `hammerwork/${version}` });
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
