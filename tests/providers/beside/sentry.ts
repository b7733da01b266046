/** Sentry's SDK for Node. Its envelopes are lines of JSON, of which one says what the next one is. */

import type { ArrivedSpan } from "./arrived_span.ts";
import { proveBeside } from "./prove_beside.ts";
import type { Sent } from "./stand_in.ts";

/** What is used of the SDK, the same in 10.x and 11.x. */
export interface Sentry {
  init(options: Readonly<Record<string, unknown>>): unknown;
  flush(timeoutMs: number): Promise<boolean>;
}

/** Registers the tests. `load` loads the SDK, of which each version is in a workspace of its own. */
export function proveBesideSentry(
  title: string,
  load: () => Sentry,
  options: Readonly<Record<string, unknown>> = {},
): void {
  proveBeside({
    title,
    calls: ["fetch", "http"],
    setUp: async (openBackend) => {
      const { port, sent } = await openBackend();
      const sentry = load();
      sentry.init({ dsn: `http://key@127.0.0.1:${port}/1`, tracesSampleRate: 1, ...options });
      return { flush: () => sentry.flush(2_000), arrived: () => spansIn(sent) };
    },
  });
}

interface SentrySpan {
  readonly name?: string;
  readonly description?: string;
  readonly trace_id: string;
  readonly span_id: string;
  readonly parent_span_id?: string;
  readonly op?: string;
  /** 10.x: plain values. */
  readonly data?: Readonly<Record<string, unknown>>;
  /** 11.x: each with its type. */
  readonly attributes?: Readonly<Record<string, { readonly value: unknown }>>;
}

interface Transaction {
  readonly transaction: string;
  readonly contexts: { readonly trace: SentrySpan };
  readonly spans: readonly SentrySpan[];
}

function spansIn(sent: readonly Sent[]): readonly ArrivedSpan[] {
  return sent
    .filter(({ path }) => path.includes("/envelope/"))
    .flatMap(({ body }) => new TextDecoder().decode(body).split("\n"))
    .filter((line) => line !== "")
    .flatMap((line) => spansOf(JSON.parse(line)))
    .map(arrived);
}

/** 10.x sends a transaction, which is the span that came first in a process, with those below it. */
function spansOf(item: Partial<Transaction> & { items?: SentrySpan[] }): readonly SentrySpan[] {
  if (item.items !== undefined) return item.items;
  const { transaction, contexts, spans } = item;
  if (transaction === undefined || spans === undefined) return [];
  return [{ ...contexts!.trace, name: transaction }, ...spans];
}

function arrived(span: SentrySpan): ArrivedSpan {
  const attribute = (name: string) => span.data?.[name] ?? span.attributes?.[name]?.value;
  const isCall = attribute("sentry.op") === "http.client";
  return {
    name: span.name ?? span.description ?? "",
    traceId: span.trace_id,
    spanId: span.span_id,
    parentId: span.parent_span_id,
    calledPath: isCall ? new URL(String(attribute("url.full"))).pathname : undefined,
  };
}
