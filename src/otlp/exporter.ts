/**
 * Spans sent as OTLP/JSON over the global `fetch`, which every runtime has. OpenTelemetry's own
 * exporter uses `node:http` outside a browser bundle and does not try a refused connection again.
 *
 * @module
 */
import { type Deadline, deadlineIn, waitUpTo } from "./deadline.ts";
import { deliver } from "./deliver.ts";
import { encodeSpans } from "./encode.ts";
import type { ReadableSpan } from "./readable_span.ts";

/** What an exporter needs to know. */
export interface FetchSpanExporterOptions {
  /** Where to post to: the whole URL. */
  readonly url: string;
  /** Sent with every request, such as an API key. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** From the call of `export` to its result, whatever happens. @default {10_000} */
  readonly timeoutMs?: number | undefined;
  /** Before the second try; then half more each time. @default {1_000} */
  readonly retryDelayMs?: number | undefined;
  /**
   * Told in a sentence that spans were lost or rejected: once, until an export succeeds again.
   * @default {console.warn}
   */
  readonly onError?: ((sentence: string) => void) | undefined;
}

/** The result of an export as the SDK's processors expect it: 0 is success, 1 is failure. */
export interface ExportResult {
  readonly code: 0 | 1;
  readonly error?: Error;
}

interface Export {
  readonly deadline: Deadline;
  isSending: boolean;
  done: Promise<void>;
}

// As many connections as workerd gives one request. More would only wait at the collector.
const MOST_AT_ONCE = 6;
// Short against the time a request takes, so that a free place is not missed for long.
const PLACE_CHECK_MS = 10;

/**
 * A `SpanExporter` for the processors of every SDK line. It never throws and refuses nothing: of
 * many exports at once some wait for the others, each until its own time is up.
 */
export class FetchSpanExporter {
  readonly #url: string;
  readonly #headers: Headers;
  readonly #timeoutMs: number;
  readonly #retryDelayMs: number;
  readonly #onError: (sentence: string) => void;
  readonly #exports = new Set<Export>();
  #isShutDown = false;
  #isReported = false;

  /** @throws {TypeError} when a header cannot be sent. */
  constructor(options: FetchSpanExporterOptions) {
    this.#url = options.url;
    this.#headers = readHeaders(options.headers ?? {});
    this.#timeoutMs = options.timeoutMs ?? 10_000;
    this.#retryDelayMs = options.retryDelayMs ?? 1_000;
    this.#onError = options.onError ?? ((sentence) => console.warn(sentence));
  }

  /** Sends spans and tells the result. */
  export(
    spans: readonly ReadableSpan[],
    resultCallback: (result: ExportResult) => void,
  ): void {
    if (this.#isShutDown) {
      return resultCallback({ code: 1, error: new Error("The span exporter is shut down") });
    }
    const own: Export = {
      deadline: deadlineIn(this.#timeoutMs),
      isSending: false,
      done: Promise.resolve(),
    };
    this.#exports.add(own);
    own.done = this.#send(spans, own).then((result) => {
      this.#exports.delete(own);
      resultCallback(result);
    });
  }

  /** Waits until everything handed over has a result, which takes no longer than the timeout. */
  async forceFlush(): Promise<void> {
    for (const { deadline, done } of [...this.#exports]) await waitUpTo(deadline.leftMs(), done);
  }

  /** Waits as `forceFlush` does; what is handed over from now on fails. */
  async shutdown(): Promise<void> {
    this.#isShutDown = true;
    await this.forceFlush();
  }

  async #send(spans: readonly ReadableSpan[], own: Export): Promise<ExportResult> {
    try {
      await this.#waitForPlace(own);
      const delivery = { url: this.#url, headers: this.#headers, body: encodeSpans(spans) };
      const warning = await deliver(delivery, own.deadline, this.#retryDelayMs);
      if (warning === undefined) this.#isReported = false;
      else this.#report(`The collector ${warning}`);
      return { code: 0 };
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown));
      this.#report(`Spans were lost (${spans.length}): ${error.message}`);
      return { code: 1, error };
    }
  }

  /** Looks by its own timer: in workerd nothing may wait for what another request has begun. */
  async #waitForPlace(own: Export): Promise<void> {
    while (this.#sendingCount() >= MOST_AT_ONCE && own.deadline.leftMs() > 0) {
      await waitUpTo(PLACE_CHECK_MS);
    }
    own.isSending = true;
  }

  #sendingCount(): number {
    let count = 0;
    for (const one of this.#exports) {
      // In workerd an export dies with its request and never says so.
      if (one.deadline.leftMs() <= 0) this.#exports.delete(one);
      else if (one.isSending) count++;
    }
    return count;
  }

  #report(sentence: string): void {
    if (this.#isReported) return;
    this.#isReported = true;
    try {
      this.#onError(sentence);
    } catch { /* A logger that fails must not make lost spans worse. */ }
  }
}

function readHeaders(given: Readonly<Record<string, string>>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(given)) {
    try {
      headers.set(name, value);
    } catch {
      // The runtime's own error would show the value.
      throw new TypeError(`A header must have a name and a value HTTP can send: got ${name}`);
    }
  }
  headers.set("content-type", "application/json");
  return headers;
}
