/**
 * Sends batches of spans as JSON with the global `fetch`, which every runtime has. OpenTelemetry's own
 * exporter uses `node:http` outside of browser bundles and does not retry a refused connection.
 *
 * @module
 */
import { oneLine } from "./collector_answer.ts";
import { type Deadline, sleep } from "../../timers.ts";
import { collectorSentence, deliver, TooLargeError } from "./deliver.ts";
import { canGzip, type Compression, gzip } from "./request_body.ts";
import type { Acceptance, Json, Protocol } from "./protocol.ts";
import type { ReadableSpan } from "./readable_span.ts";
import { version } from "../../version.ts";

/** Where spans are sent, and how. */
export interface Destination {
  /** The full URL to post to. */
  readonly url: string;
  /** The format of the requests. */
  readonly protocol: Protocol;
  /** Headers of every request, such as an API key. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** @default {"none"} */
  readonly compression?: Compression | undefined;
  /** The delay before the first retry, in ms; each next one is half as long again. @default {1_000} */
  readonly retryDelayMs?: number | undefined;
}

/** How the export of a batch ended. */
export interface SendResult {
  /** How many spans did not arrive or were rejected. */
  readonly lostSpans: number;
  /** Why, or a warning of the collector. */
  readonly message?: string | undefined;
}

/** Sends one batch within its deadline. Never rejects. */
export type SendSpans = (spans: readonly ReadableSpan[], deadline: Deadline) => Promise<SendResult>;

/**
 * Creates the sender of one destination. A batch that is too large for the collector, or that has a
 * span which cannot be encoded, is sent in halves, down to the one span that is the reason.
 *
 * @throws {TypeError} when a header cannot be sent.
 */
export function newSender(destination: Destination): SendSpans {
  const { url, protocol, retryDelayMs = 1_000 } = destination;
  const isCompressed = destination.compression === "gzip" && canGzip();
  const headers = newHeaders(destination.headers ?? {});
  if (isCompressed) headers.set("content-encoding", "gzip");
  const target = { url, headers };
  // The length, before compression, of the smallest batch that was too large.
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
      const response = await deliver({ ...target, body }, deadline, retryDelayMs);
      protocol.recycle?.(json);
      return resultOf(spans, protocol.readAcceptance(response));
    } catch (error) {
      if (json === undefined && spans.length > 1) return await sendHalves(spans, deadline);
      if (json === undefined || !(error instanceof TooLargeError)) return allLost(spans, error);
      if (spans.length === 1) {
        const bytes = new Blob([json]).size;
        return allLost(spans, `${error.message}, to one span of ${bytes} bytes`);
      }
      refusedLength = Math.min(refusedLength, json.length);
      if (error.retryAfterMs >= deadline.leftMs()) {
        return allLost(spans, `${error.message}, and no time was left to send less at once`);
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
    const first = halves.find(({ lostSpans }) => lostSpans > 0) ??
      halves.find(({ message }) => message !== undefined);
    return { lostSpans: halves[0].lostSpans + halves[1].lostSpans, message: first?.message };
  };

  const resultOf = (spans: Spans, { rejectedSpans, message }: Acceptance): SendResult => {
    const warning = oneLine(message);
    if (rejectedSpans > 0) {
      return {
        lostSpans: Math.min(rejectedSpans, spans.length),
        message: collectorSentence(
          target,
          `rejected ${rejectedSpans} of ${spans.length}: ${warning}`,
        ),
      };
    }
    if (warning === "") return { lostSpans: 0 };
    return {
      lostSpans: 0,
      message: collectorSentence(target, `accepted all spans with a warning: ${warning}`),
    };
  };

  return send;
}

type Spans = readonly ReadableSpan[];

function allLost(spans: Spans, reason: unknown): SendResult {
  const message = reason instanceof Error ? reason.message : String(reason);
  return { lostSpans: spans.length, message };
}

/**
 * The headers of every request.
 *
 * @throws {TypeError} that names the header; the runtime's own error would show the value.
 */
export function newHeaders(values: Readonly<Record<string, string>>): Headers {
  // OTLP wants it to name the exporter. In a browser, fetch keeps its own.
  const headers = new Headers({ "user-agent": `hammerwork/${version}` });
  for (const [name, value] of Object.entries(values)) {
    try {
      headers.set(name, value);
    } catch {
      throw new TypeError(`A header must have a name and a value HTTP can send: got ${name}`);
    }
  }
  headers.set("content-type", "application/json");
  return headers;
}
