/**
 * What a collector's response means, by the OTLP/HTTP specification: 200 is a success or a partial
 * one; 429, 502, 503 and 504 may be retried; 413 is final for a request of that size, and everything
 * else is final.
 *
 * @module
 */
import { escapeControlCharacters } from "../../control_characters.ts";

/** The result of one request. */
export type CollectorAnswer =
  | { readonly kind: "accepted"; readonly body: string }
  | { readonly kind: "refused"; readonly reason: string }
  | {
    readonly kind: "unavailable" | "too large";
    readonly reason: string;
    readonly retryAfterMs?: number | undefined;
  };

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Reads a response to its end, which also frees the connection. */
export async function readCollectorAnswer(response: Response): Promise<CollectorAnswer> {
  const body = await readText(response);
  if (response.ok) return { kind: "accepted", body };
  const message = oneLine(messageIn(body));
  const reason = `answered ${response.status}${message && `: ${message}`}`;
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
  if (response.status === 413) return { kind: "too large", reason, retryAfterMs };
  if (RETRYABLE.has(response.status)) return { kind: "unavailable", reason, retryAfterMs };
  return { kind: "refused", reason };
}

// The limit that OTLP sets for a response.
const MAX_RESPONSE_BYTES = 4 * 1024 * 1024;

/** As much of the body as arrives: the status counts even if the body breaks off. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader!.read()) {
      text += decoder.decode(part.value, { stream: true });
      bytes += part.value.byteLength;
      if (bytes > MAX_RESPONSE_BYTES) await reader!.cancel();
    }
  } catch { /* It broke off. */ }
  return text;
}

/** The message of a `google.rpc.Status`; any other body as it is. */
function messageIn(body: string): unknown {
  try {
    return JSON.parse(body)?.message ?? "";
  } catch {
    return body;
  }
}

/** Reads `Retry-After` as RFC 9110 10.2.3 says: seconds or an HTTP date. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Every form of an HTTP date begins with a weekday; Date.parse alone reads "-1" as a year.
  const time = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

/** A collector's text in one line, short and safe enough for a log or a terminal. */
export function oneLine(text: unknown): string {
  const line = String(text).slice(0, 10_000).replace(/\s+/g, " ").trim();
  return escapeControlCharacters(line.length > 200 ? `${line.slice(0, 200)}…` : line);
}
