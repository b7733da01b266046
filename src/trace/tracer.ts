/**
 * The way to OpenTelemetry: whether somebody listens, and how a span with a chosen trace begins.
 *
 * @module
 */
import {
  type Context,
  context,
  isSpanContextValid,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  type SpanOptions,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { randomHex } from "../job/random_hex.ts";
import { choosesRoots, startWithTraceId } from "./chosen_root.ts";

/** The library's name in every span's instrumentation scope. */
export const tracerName = "hammerwork";

/**
 * The tracer, or `undefined` when nobody has registered a provider: then nothing is built at all. A
 * provider that throws is none.
 */
export function activeTracer(): Tracer | undefined {
  try {
    const provider = trace.getTracerProvider();
    const isRegistered = !(provider instanceof ProxyTracerProvider) ||
      provider.getDelegateTracer(tracerName) !== undefined;
    return isRegistered ? provider.getTracer(tracerName) : undefined;
  } catch {
    return undefined;
  }
}

/** Where a span begins: under a parent, as the root of a chosen trace, or as the root of a new one. */
export interface Origin {
  /** The trace, when it is decided already. */
  readonly traceId?: string | undefined;
  /** The span above, of the same trace. */
  readonly parent?: SpanContext | undefined;
}

/** Starts a span at its origin, with nothing ambient in it. */
export function startSpan(
  tracer: Tracer,
  name: string,
  options: SpanOptions,
  { traceId, parent }: Origin,
): Span {
  if (parent !== undefined) return tracer.startSpan(name, options, under(parent));
  if (traceId === undefined) return tracer.startSpan(name, options, ROOT_CONTEXT);
  if (choosesRoots()) {
    return startWithTraceId(traceId, () => tracer.startSpan(name, options, ROOT_CONTEXT));
  }
  // Another's provider makes its own ids for roots. Only a parent makes it use this trace; the
  // parent does not exist, and its sampled flag must be set or no such trace would be recorded.
  const nobody = { traceId, spanId: randomHex(8), traceFlags: 1, isRemote: true };
  return tracer.startSpan(name, options, under(nobody));
}

/** The caller's active span, if there is a valid one. A tracer that throws has none. */
export function activeSpanContext(): SpanContext | undefined {
  try {
    return contextOf(trace.getSpan(context.active()));
  } catch {
    return undefined;
  }
}

/** A span's context, if it is a valid one. A tracer that throws has none. */
export function contextOf(span: Span | undefined): SpanContext | undefined {
  try {
    const spanContext = span?.spanContext();
    return spanContext && isSpanContextValid(spanContext) ? spanContext : undefined;
  } catch {
    return undefined;
  }
}

/** Calls `fn` inside a context. Whatever a context manager does, `fn` is called once and its own end counts. */
export function runInContext<R>(within: Context, fn: () => R): R {
  let ended: { readonly value: R } | { readonly error: unknown } | undefined;
  const call = () => {
    if (ended !== undefined) return;
    try {
      ended = { value: fn() };
    } catch (error) {
      ended = { error };
    }
  };
  try {
    context.with(within, call);
  } catch {
    // It is done without.
  }
  call();
  if ("error" in ended!) throw ended.error;
  return ended!.value;
}

/** A context that holds nothing but the given span context. */
export function under(spanContext: SpanContext): Context {
  return trace.setSpanContext(ROOT_CONTEXT, spanContext);
}
