/**
 * One request to a router, with the caller's trace and business process in its headers.
 *
 * @module
 */
import { currentScope } from "../trace/scope.ts";
import { activeSpanContext } from "../trace/tracer.ts";
import { writeTraceparent } from "../trace/w3c.ts";
import { JobClientError } from "./job_client_error.ts";

/** Where the router is, and how to reach it. */
export interface ConnectionOptions {
  /** Where the router is mounted, such as `https://jobs.example.com/queue`. */
  readonly url: string;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long a call may take, in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Used in place of the global `fetch`: a service binding, a test. */
  readonly fetch?: ((request: Request) => Promise<Response> | Response) | undefined;
}

/** What is asked of a router. */
export interface Call {
  readonly method: "GET" | "POST";
  /** Below the router's own URL, encoded. */
  readonly path: string;
  readonly query?: URLSearchParams | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Statuses beside 2xx whose answer is one: 404 for a job that is not there. */
  readonly also?: readonly number[] | undefined;
}

/** An answer, read. */
export interface Answered {
  readonly status: number;
  readonly body: unknown;
}

/** Asks one router. */
export class Connection {
  readonly #base: string;
  readonly #options: ConnectionOptions;

  /** @throws {TypeError} when the URL is none of HTTP. */
  constructor(options: ConnectionOptions) {
    const { url, fetch, timeoutMs } = options;
    if (!URL.canParse(url) || !/^https?:/.test(url)) {
      throw new TypeError("url must be the http or https URL of a job router: got another");
    }
    if (fetch !== undefined && typeof fetch !== "function") {
      throw new TypeError(`fetch must be a function: got ${typeof fetch}`);
    }
    if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= 0x7fff_ffff)) {
      throw new RangeError(`timeoutMs must be 1 to 2147483647 ms: got ${timeoutMs}`);
    }
    this.#base = url.replace(/\/+$/, "");
    this.#options = options;
  }

  /** @throws {JobClientError} for any other answer, and when none comes. */
  async ask(call: Call): Promise<Answered> {
    const response = await this.#send(call);
    const body = await readJson(response);
    if (response.ok || call.also?.includes(response.status)) {
      return { status: response.status, body };
    }
    throw refusal(response.status, body);
  }

  async #send({ method, path, query, body }: Call): Promise<Response> {
    const { headers, timeoutMs = 10_000, fetch = globalThis.fetch } = this.#options;
    const search = query === undefined || query.size === 0 ? "" : `?${query}`;
    const request = new Request(`${this.#base}${path}${search}`, {
      method,
      headers: {
        ...surroundings(),
        ...headers,
        ...(body !== undefined && { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    try {
      return await fetch(request);
    } catch (cause) {
      throw new JobClientError("The job router did not answer", { code: "unavailable", cause });
    }
  }
}

/** The caller's active span and business process, for the jobs that the router enqueues. */
function surroundings(): Record<string, string> {
  const span = activeSpanContext();
  const traceparent = span && writeTraceparent(span);
  const tracestate = span?.traceState?.serialize();
  const correlationId = currentScope()?.correlationId;
  return {
    ...(traceparent !== undefined && { traceparent }),
    ...(traceparent !== undefined && tracestate && { tracestate }),
    ...(correlationId !== undefined && isSendable(correlationId) && {
      "x-correlation-id": correlationId,
    }),
  };
}

/** A header holds bytes; other text goes in the body, where the caller gives it. */
function isSendable(text: string): boolean {
  return /^[\x20-\x7e]+$/.test(text);
}

async function readJson(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch {
    return undefined;
  }
}

function refusal(status: number, body: unknown): JobClientError {
  const { error } = (body ?? {}) as {
    error?: { code?: unknown; message?: unknown; path?: unknown };
  };
  const message = typeof error?.message === "string"
    ? error.message
    : `The job router answered ${status}`;
  return new JobClientError(message, {
    code: typeof error?.code === "string" ? error.code : "internal",
    status,
    path: typeof error?.path === "string" ? error.path : undefined,
  });
}
