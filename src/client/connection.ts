/**
 * One request to a router, with the caller's trace and business process in its headers.
 *
 * @module
 */
import { withoutTrailingSlashes } from "../trailing_slashes.ts";
import { checkOptionNames } from "../job/checks.ts";
import { currentScope } from "../trace/scope.ts";
import { activeSpanContext } from "../trace/active_context.ts";
import { formatTraceparent } from "../job/traceparent.ts";
import { type Reader, UnexpectedShape } from "./answer_shape.ts";
import { refusalFrom } from "./from_json.ts";

/** Options of a client: where the router is, and how to reach it. */
export interface JobClientOptions {
  /** Where the router is mounted, such as `https://jobs.example.com/queue`. */
  readonly url: string;
  /** Sent with every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** How long a call may take, in ms. Default 10,000. */
  readonly timeoutMs?: number | undefined;
  /** Used in place of the global `fetch`: a service binding, a test. */
  readonly fetch?: ((request: Request) => Promise<Response> | Response) | undefined;
}

/** A call of a `JobClient` that did not succeed. */
export class JobClientError extends Error {
  /** The name of the class. */
  override name = "JobClientError";
  /**
   * What kind of failure it is. The router says `invalid_input`, `not_found`, `unavailable` …;
   * `unexpected_answer` is one that no router gives, as when `url` is not where one is mounted.
   */
  readonly code: string;
  /** The HTTP status; `undefined` when no answer came. */
  readonly status: number | undefined;
  /** What of the input is wrong, such as `jobs[2].priority`. */
  readonly path: string | undefined;

  /** Makes the error of a call that failed. */
  constructor(
    message: string,
    { code, status, path, cause }: {
      readonly code: string;
      readonly status?: number | undefined;
      readonly path?: string | undefined;
      readonly cause?: unknown;
    },
  ) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.path = path;
  }
}

/** The failure of a call that was answered by something else than a router. */
export function unexpectedAnswer(what: string, status?: number): JobClientError {
  const message = `The answer is not a job router's: ${what}. Is url where it is mounted?`;
  return new JobClientError(message, { code: "unexpected_answer", status });
}

/** What is asked of a router. */
export interface Call {
  readonly method: "GET" | "POST";
  /** Below the router's own URL, encoded. */
  readonly path: string;
  readonly query?: URLSearchParams | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** Asks one router. */
export class Connection {
  readonly #base: string;
  readonly #query: URLSearchParams;
  readonly #headers: Headers;
  readonly #options: JobClientOptions;

  /** @throws {TypeError} when the URL is none of HTTP. */
  constructor(options: JobClientOptions) {
    const names = { url: true, headers: true, timeoutMs: true, fetch: true };
    checkOptionNames("A job client", options, names);
    const { url, fetch, timeoutMs } = options;
    if (!URL.canParse(url) || !/^https?:/i.test(url)) {
      throw new TypeError("url must be the http or https URL of a job router: got another");
    }
    if (fetch !== undefined && typeof fetch !== "function") {
      throw new TypeError(`fetch must be a function: got ${typeof fetch}`);
    }
    if (timeoutMs !== undefined && !(timeoutMs > 0 && timeoutMs <= 0x7fff_ffff)) {
      throw new RangeError(`timeoutMs must be 1 to 2147483647 ms: got ${timeoutMs}`);
    }
    const { origin, pathname, searchParams, username, password } = new URL(url);
    this.#base = origin + withoutTrailingSlashes(pathname);
    this.#query = searchParams;
    this.#headers = readHeaders(options.headers);
    // No request may have them in its URL.
    if ((username || password) && !this.#headers.has("authorization")) {
      this.#headers.set("authorization", basicAuthorization(username, password));
    }
    this.#options = options;
  }

  /** @throws {JobClientError} when the router refuses, when none answers, or something else does. */
  async ask<T>(call: Call, read: Reader<T>): Promise<T> {
    const { status, ok, text } = await this.#send(call);
    const body = parsed(text);
    if (!ok) throw refused(status, body);
    try {
      return read(body, "");
    } catch (error) {
      if (error instanceof UnexpectedShape) throw unexpectedAnswer(error.message, status);
      throw error;
    }
  }

  /** Asks for what may not be there. */
  async askFor<T>(call: Call, read: Reader<T>): Promise<T | undefined> {
    try {
      return await this.ask(call, read);
    } catch (error) {
      if (error instanceof JobClientError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  async #send({ method, path, query, body }: Call): Promise<Answered> {
    const { timeoutMs = 10_000, fetch = globalThis.fetch } = this.#options;
    const headers = new Headers({ ...surroundings(), ...Object.fromEntries(this.#headers) });
    if (body !== undefined) headers.set("content-type", "application/json");
    const search = new URLSearchParams([...this.#query, ...query ?? []]);
    const request = new Request(`${this.#base}${path}${search.size === 0 ? "" : `?${search}`}`, {
      method,
      headers,
      signal: AbortSignal.timeout(timeoutMs),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    try {
      const response = await fetch(request);
      return { status: response.status, ok: response.ok, text: await response.text() };
    } catch (cause) {
      throw new JobClientError("The job router did not answer", { code: "unavailable", cause });
    }
  }
}

interface Answered {
  readonly status: number;
  readonly ok: boolean;
  readonly text: string;
}

/** Whoever reads the error of an invalid header finds its value in it, which may be a secret. */
function readHeaders(headers: JobClientOptions["headers"] = {}): Headers {
  const read = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    try {
      read.set(name, value);
    } catch {
      throw new TypeError(`headers must be valid HTTP headers: ${JSON.stringify(name)} is not`);
    }
  }
  return read;
}

function basicAuthorization(username: string, password: string): string {
  const bytes = new TextEncoder().encode(`${decoded(username)}:${decoded(password)}`);
  return `Basic ${btoa(String.fromCharCode(...bytes))}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The caller's active span and business process, for the jobs that the router enqueues. */
function surroundings(): Record<string, string> {
  const span = activeSpanContext();
  const traceparent = span && formatTraceparent(span);
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

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refused(status: number, body: unknown): JobClientError {
  const refusal = refusalFrom(body);
  if (refusal !== undefined) return new JobClientError(refusal.message, { ...refusal, status });
  // A proxy before the router answers for it when it is away.
  if (status >= 500) {
    return new JobClientError(`The job router answered ${status}`, { code: "internal", status });
  }
  return unexpectedAnswer(`it has the status ${status} and no error of a router`, status);
}
