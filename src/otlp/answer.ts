/**
 * What a collector's answer means, by the OTLP/HTTP specification: 200 is success, also a partial
 * one; 429, 502, 503 and 504 ask to try again; everything else is final.
 *
 * @module
 */

/** What became of one request. */
export type Answer =
  | { readonly kind: "accepted"; readonly warning?: string | undefined }
  | { readonly kind: "refused"; readonly reason: string }
  | {
    readonly kind: "unavailable";
    readonly reason: string;
    readonly retryAfterMs?: number | undefined;
  };

const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);

/** Reads an answer to its end, which also gives the connection back. */
export async function readAnswer(response: Response): Promise<Answer> {
  const body = parseBody(await readText(response));
  if (response.ok) return { kind: "accepted", warning: partialSuccess(body) };
  const reason = `answered ${response.status}${body.message ? `: ${cut(body.message)}` : ""}`;
  if (!RETRYABLE.has(response.status)) return { kind: "refused", reason };
  const retryAfterMs = readRetryAfter(response.headers.get("retry-after"));
  return { kind: "unavailable", reason, retryAfterMs };
}

// The specification's own bound for an answer.
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

interface Body {
  /** Of a refusal: a `google.rpc.Status` has one. */
  readonly message?: string | undefined;
  /** Of a success. The number is a string, as JSON has 64-bit integers in OTLP. */
  readonly partialSuccess?: {
    readonly rejectedSpans?: number | string;
    readonly errorMessage?: string;
  };
}

function parseBody(text: string): Body {
  try {
    const body = JSON.parse(text);
    return typeof body === "object" && body !== null ? body : {};
  } catch {
    return { message: text };
  }
}

function partialSuccess({ partialSuccess }: Body): string | undefined {
  const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
  const message = cut(partialSuccess?.errorMessage ?? "");
  if (rejected > 0) return `rejected spans (${rejected}): ${message}`;
  return message === "" ? undefined : `accepted all spans with a warning: ${message}`;
}

/** Reads `Retry-After` as RFC 9110 10.2.3 says: seconds or an HTTP date. */
function readRetryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  // Every form of an HTTP date begins with the day's name; Date.parse alone takes "-1" for a year.
  const time = /^[A-Z][a-z]{2}/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : Math.max(0, time - Date.now());
}

function cut(text: unknown): string {
  const line = String(text).replace(/\s+/g, " ").trim();
  return line.length > 200 ? `${line.slice(0, 200)}…` : line;
}
