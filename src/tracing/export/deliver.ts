/**
 * One request to a collector, retried as long as that can help and time is left.
 *
 * @module
 */
import { type CollectorAnswer, readCollectorAnswer } from "./collector_answer.ts";
import { type Deadline, withRetries } from "../../timers.ts";
import { bodyInit, type RequestBody } from "./request_body.ts";
import { runWithoutTracing } from "../../trace/active_context.ts";

/** The request, the same at every try. */
export interface Delivery {
  readonly url: string;
  readonly headers: Headers;
  readonly body: RequestBody;
}

/** The collector accepts no request of this size, at least not now. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
  /** After how many ms a smaller one may be sent. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Posts until the collector accepts.
 *
 * The statuses 429, 502, 503 and 504, and a connection that is refused or breaks, are retried: after
 * `Retry-After`, else after `retryDelayMs`, which grows by half each time and varies by a fifth.
 *
 * @returns the body of the response.
 * @throws {TooLargeError} when the collector accepts no request of that size.
 * @throws {Error} with the last reason, when the collector refuses or no time is left for a retry.
 */
export async function deliver(
  delivery: Delivery,
  deadline: Deadline,
  retryDelayMs: number,
): Promise<string> {
  const delayMs = (error: unknown, tries: number) => {
    if (!(error instanceof UnavailableError)) throw error;
    const usualMs = jittered(retryDelayMs * 1.5 ** (tries - 1));
    // `Retry-After: 0` must not make a tight loop.
    const pauseMs = Math.max(error.retryAfterMs ?? usualMs, retryDelayMs / 10);
    if (pauseMs < deadline.leftMs()) return pauseMs;
    throw new Error(
      collectorSentence(delivery, `${error.message}, and no time was left to try again`),
    );
  };
  return await withRetries(() => deliverOnce(delivery, deadline), delayMs, { keepsAlive: false });
}

async function deliverOnce(delivery: Delivery, deadline: Deadline): Promise<string> {
  const answer = await post(delivery, deadline);
  switch (answer.kind) {
    case "accepted":
      return answer.body;
    case "refused":
      throw new Error(collectorSentence(delivery, answer.reason));
    case "too large":
      throw new TooLargeError(collectorSentence(delivery, answer.reason), answer.retryAfterMs ?? 0);
    case "unavailable":
      throw new UnavailableError(answer.reason, answer.retryAfterMs);
  }
}

/** The request may be retried. */
class UnavailableError extends Error {
  readonly retryAfterMs: number | undefined;

  constructor(message: string, retryAfterMs: number | undefined) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

async function post(
  { url, headers, body }: Delivery,
  deadline: Deadline,
): Promise<CollectorAnswer> {
  try {
    // An instrumented fetch would make a span for every request that carries spans.
    const response = await runWithoutTracing(() =>
      // A redirect would send the headers, which may hold keys, to another host.
      fetch(url, {
        method: "POST",
        ...bodyInit(body, headers),
        signal: deadline.signal,
        redirect: "manual",
      })
    );
    return await readCollectorAnswer(response);
  } catch (error) {
    if (deadline.signal.aborted) {
      return { kind: "refused", reason: `did not answer within ${deadline.timeoutMs} ms` };
    }
    return { kind: "unavailable", reason: `could not be reached (${cause(error)})` };
  }
}

/** Senders that failed at the same time must not retry at the same time. */
function jittered(delayMs: number): number {
  return delayMs * (0.8 + 0.4 * Math.random());
}

/** What a collector did, as a sentence with its address and without the values of headers. */
export function collectorSentence({ url, headers }: Omit<Delivery, "body">, what: string): string {
  const { origin, pathname } = new URL(url);
  return `The collector at ${origin}${pathname} ${withoutSecrets(what, headers)}`;
}

/** A collector may repeat a key that it rejects, which must not get into a log. */
function withoutSecrets(reason: string, headers: Headers): string {
  let text = reason;
  for (const [name, value] of headers) {
    if (name.startsWith("content-") || name === "user-agent") continue;
    for (const part of [value, ...value.split(" ")]) {
      if (part.length >= 6) text = text.replaceAll(part, "…");
    }
  }
  return text;
}

/** The reason behind "fetch failed", which Node keeps in `cause`, with a code when there are several. */
function cause(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } };
  return cause?.code ?? message ?? String(error);
}
