/**
 * Requests to a router, with the trace and the correlation id of the caller in their headers.
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
  /** The URL at which the router is mounted, such as `https://jobs.example.com/queue`. */
  readonly url: string;
  /** Headers of every request, such as `authorization`. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The time limit of a call, in ms. Default: 10,000. */
  readonly timeoutMs?: number | undefined;
  /** A replacement of the global `fetch`, such as that of a service binding. */
  readonly fetch?: ((request: Request) => Promise<Response> | Response) | undefined;
}

/** The error of a failed call of a `JobClient`. */
export class JobClientError extends Error {
  /** The name of the class. */
  override name = "JobClientError";
  /**
   * The kind of failure: a code of the router, such as `invalid_input`, `forbidden` or
   * `unavailable`; or `unexpected_answer` for an answer of another server, for example because
   * `url` is wrong.
   */
  readonly code: string;
  /** The status of the response; `undefined` without a response. */
  readonly status: number | undefined;
  /** The invalid part of the input, such as `jobs[2].priority`. */
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

/** The error of a call that another server answered. */
export function unexpectedAnswer(what: string, status?: number): JobClientError {
  const message = `The answer is not a job router's: ${what}. Is url where it is mounted?`;
  return new JobClientError(message, { code: "unexpected_answer", status });
}

/** A request to a router. */
export interface RouterRequest {
  readonly method: "GET" | "POST";
  /** Below the router's own URL, encoded. */
  readonly path: string;
  readonly query?: URLSearchParams | undefined;
  /** Sent as JSON. */
  readonly body?: unknown;
}

/** The connection to one router. */
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

  /**
   * Sends a request and reads the answer.
   *
   * @throws {JobClientError} when the router refuses it or does not answer, or another server
   * answers.
   */
  async send<T>(request: RouterRequest, read: Reader<T>): Promise<T> {
    const { status, ok, text } = await this.#fetch(request);
    const body = parsed(text);
    if (!ok) throw answeredError(status, body);
    try {
      return read(body, "");
    } catch (error) {
      if (error instanceof UnexpectedShape) throw unexpectedAnswer(error.message, status);
      throw error;
    }
  }

  /** As `send`, but returns `undefined` when the router answers that it is not found. */
  async sendIfFound<T>(request: RouterRequest, read: Reader<T>): Promise<T | undefined> {
    try {
      return await this.send(request, read);
    } catch (error) {
      if (error instanceof JobClientError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  async #fetch({ method, path, query, body }: RouterRequest): Promise<RouterAnswer> {
    const { timeoutMs = 10_000, fetch = globalThis.fetch } = this.#options;
    const headers = new Headers({ ...contextHeaders(), ...Object.fromEntries(this.#headers) });
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

interface RouterAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly text: string;
}

/** The built-in error of an invalid header has its value in it, which may be a secret. */
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

/**
 * The headers with the active span and the correlation id of the caller, for jobs that are
 * enqueued.
 */
function contextHeaders(): Record<string, string> {
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

/** Whether a text can be in a header. */
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

function answeredError(status: number, body: unknown): JobClientError {
  const refusal = refusalFrom(body);
  if (refusal !== undefined) return new JobClientError(refusal.message, { ...refusal, status });
  // A proxy in front of a router that is not available.
  if (status >= 500) {
    return new JobClientError(`The job router answered ${status}`, { code: "internal", status });
  }
  return unexpectedAnswer(`it has the status ${status} and no error of a router`, status);
}
