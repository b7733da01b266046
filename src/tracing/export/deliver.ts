/**
 * One request to a collector, tried again while that can help and time is left.
 *
 * @module
 */
import { type CollectorAnswer, readCollectorAnswer } from "./collector_answer.ts";
import type { Deadline } from "./deadline.ts";
import { sleep } from "../../timers.ts";
import { type Body, bodyInit } from "./request_body.ts";
import { runWithoutTracing } from "../../trace/active_context.ts";

/** A request that is the same at every try. */
export interface Delivery {
  readonly url: string;
  readonly headers: Headers;
  readonly body: Body;
}

/** The collector takes no request of this size, or not now. */
export class TooLargeError extends Error {
  override readonly name = "TooLargeError";
  /** When a smaller one may be sent, in ms. */
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * Posts until the collector accepts.
 *
 * Tried again, after `retryDelayMs` that grow by half each time and vary by a fifth, or after what
 * `Retry-After` says: 429, 502, 503, 504, and a connection that is refused or breaks.
 *
 * @returns the body of the answer of a collector that accepted.
 * @throws {TooLargeError} when it takes no request of that size.
 * @throws {Error} with what happened last, when it will not accept or the deadline is near.
 */
export async function deliver(
  delivery: Delivery,
  deadline: Deadline,
  retryDelayMs: number,
): Promise<string> {
  for (let delayMs = retryDelayMs;; delayMs *= 1.5) {
    const answer = await post(delivery, deadline);
    if (answer.kind === "accepted") return answer.body;
    if (answer.kind === "refused") throw new Error(said(delivery, answer.reason));
    if (answer.kind === "too large") {
      throw new TooLargeError(said(delivery, answer.reason), answer.retryAfterMs ?? 0);
    }
    // A collector that says "at once" must not be asked in a tight loop.
    const pauseMs = Math.max(answer.retryAfterMs ?? jittered(delayMs), retryDelayMs / 10);
    if (pauseMs >= deadline.leftMs()) {
      throw new Error(said(delivery, `${answer.reason}, and no time was left to try again`));
    }
    await sleep(pauseMs, { keepsAlive: false });
  }
}

async function post(
  { url, headers, body }: Delivery,
  deadline: Deadline,
): Promise<CollectorAnswer> {
  try {
    // A traced fetch would make a span for every request that carries spans.
    const response = await runWithoutTracing(() =>
      // A redirect would take the headers, and with them the keys in them, to another host.
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

/** Many senders that failed together must not come back together. */
function jittered(delayMs: number): number {
  return delayMs * (0.8 + 0.4 * Math.random());
}

/** What a collector did, as a sentence with its address and without any secret. */
export function said({ url, headers }: Omit<Delivery, "body">, what: string): string {
  const { origin, pathname } = new URL(url);
  return `The collector at ${origin}${pathname} ${withoutSecrets(what, headers)}`;
}

/** A collector may repeat a key that it does not know; it must not get into a log. */
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

/** What lies behind "fetch failed": Node keeps it in `cause`, as a code when there are several. */
function cause(error: unknown): string {
  const { message, cause } = error as { message?: string; cause?: { code?: string } };
  return cause?.code ?? message ?? String(error);
}
