/**
 * What a collector's answer means, by the OTLP/HTTP specification: 200 is success, also a partial
 * one; 429, 502, 503 and 504 ask to try again; everything else is final, but a 413 only for a request
 * of that size.
 *
 * @module
 */
import { escapeControlCharacters } from "../../control_characters.ts";

/** What became of one request. */
export type CollectorAnswer =
  | { readonly kind: "accepted"; readonly body: string }
  | { readonly kind: "refused"; readonly reason: string }
  | {
    readonly kind: "unavailable" | "too large";
    readonly reason: string;
    readonly retryAfterMs?: number | undefined;
  };

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Reads an answer to its end, which also gives the connection back. */
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

// OTLP's own bound for an answer.
const LONGEST_ANSWER_BYTES = 4 * 1024 * 1024;

/** As much of the body as arrives; what the status says holds also when the body breaks off. */
async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  try {
    const reader = response.body?.getReader();
    for (let part = await reader?.read(); part?.value; part = await reader!.read()) {
      text += decoder.decode(part.value, { stream: true });
      bytes += part.value.byteLength;
      if (bytes > LONGEST_ANSWER_BYTES) await reader!.cancel();
    }
  } catch { /* It broke off. */ }
  return text;
}

/** Of a refusal: a `google.rpc.Status` has a message; other bodies are one. */
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
  // Every form of an HTTP date begins with the day's name; Date.parse alone takes "-1" for a year.
  const time = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

/** A collector's words, short enough for a log, which may be a terminal. */
export function oneLine(text: unknown): string {
  const line = String(text).slice(0, 10_000).replace(/\s+/g, " ").trim();
  return escapeControlCharacters(line.length > 200 ? `${line.slice(0, 200)}…` : line);
}
