/**
 * A context that holds a span and nothing else, which is what an attempt begins with. The API's own
 * contexts copy a map and make three functions for each value; two of them for each job cost more
 * than all else about its context.
 *
 * @module
 */
import { type Context, ROOT_CONTEXT, type Span, type SpanContext, trace } from "@opentelemetry/api";

// The key under which the API keeps a span is its own affair; it tells it to a context that it asks.
const SPAN_KEY = spanKey();

function spanKey(): symbol {
  let asked: symbol | undefined;
  const listening: Context = {
    getValue: () => undefined,
    setValue: (key) => (asked = key, listening),
    deleteValue: () => listening,
  };
  trace.setSpan(listening, trace.wrapSpanContext({ traceId: "", spanId: "", traceFlags: 0 }));
  return asked!;
}

class OnlyASpan implements Context {
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  getValue(key: symbol): unknown {
    return key === SPAN_KEY ? this.#span : undefined;
  }

  setValue(key: symbol, value: unknown): Context {
    return key === SPAN_KEY
      ? ROOT_CONTEXT.setValue(key, value)
      : ROOT_CONTEXT.setValue(SPAN_KEY, this.#span).setValue(key, value);
  }

  deleteValue(key: symbol): Context {
    return key === SPAN_KEY ? ROOT_CONTEXT : this;
  }
}

/** A context that holds nothing but a span. */
export function withSpan(span: Span): Context {
  return new OnlyASpan(span);
}

/** A context that holds nothing but the given span context. */
export function under(spanContext: SpanContext): Context {
  return new OnlyASpan(trace.wrapSpanContext(spanContext));
}
