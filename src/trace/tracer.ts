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
  type TracerProvider,
} from "@opentelemetry/api";
import { instrumentationScope } from "../instrumentation_scope.ts";
import { newTraceId } from "../job/ids.ts";
import { under } from "./only_span.ts";
import { randomHex } from "../job/random_hex.ts";
import { choosesRoots, isDropped, startWithTraceId } from "./chosen_root.ts";

/**
 * The tracer, or `undefined` when nobody has registered a provider: then nothing is built at all. A
 * provider that throws is none.
 */
export function activeTracer(): Tracer | undefined {
  try {
    const registered = trace.getTracerProvider();
    const proxy = registered instanceof ProxyTracerProvider ? registered : undefined;
    const provider = proxy?.getDelegate() ?? registered;
    if (provider !== asked?.provider) {
      const { name, version, schemaUrl } = instrumentationScope;
      const tracer = proxy
        ? proxy.getDelegateTracer(name, version, { schemaUrl })
        : provider.getTracer(name, version, { schemaUrl });
      asked = { provider, tracer };
    }
    return asked.tracer;
  } catch {
    return undefined;
  }
}

// Asked once for each provider: a provider gives the same tracer for the same name.
let asked: { readonly provider: TracerProvider; readonly tracer: Tracer | undefined } | undefined;

/** Where a span begins: under a parent, as the root of a chosen trace, or as the root of a new one. */
export interface Origin {
  /** The trace, when it is decided already. */
  readonly traceId?: string | undefined;
  /** The span above, of the same trace. */
  readonly parent?: SpanContext | undefined;
}

/** What a span is started with. */
export interface NamedOptions extends SpanOptions {
  /** Its name. */
  readonly name: string;
}

/** Starts a span at its origin, with nothing ambient in it. `describe` is asked only if it is made. */
export function startSpan(tracer: Tracer, origin: Origin, describe: () => NamedOptions): Span {
  return choosesRoots()
    ? startOwnSpan(tracer, origin, describe)
    : startForeignSpan(tracer, origin, describe());
}

/** Our own provider's sampler is known, so a span that it drops is none from the first. */
function startOwnSpan(tracer: Tracer, origin: Origin, describe: () => NamedOptions): Span {
  const { parent, traceId = parent?.traceId ?? newTraceId() } = origin;
  if (isDropped(traceId, parent)) return droppedSpan(traceId, parent);
  const options = describe();
  if (parent !== undefined) return tracer.startSpan(options.name, options, under(parent));
  return startWithTraceId(traceId, () => tracer.startSpan(options.name, options, ROOT_CONTEXT));
}

function droppedSpan(traceId: string, parent: SpanContext | undefined): Span {
  const spanContext: SpanContext = { traceId, spanId: randomHex(8), traceFlags: 0 };
  if (parent?.traceState !== undefined) spanContext.traceState = parent.traceState;
  return trace.wrapSpanContext(spanContext);
}

function startForeignSpan(
  tracer: Tracer,
  { traceId, parent }: Origin,
  options: NamedOptions,
): Span {
  const { name } = options;
  if (parent !== undefined) return tracer.startSpan(name, options, under(parent));
  if (traceId === undefined) return tracer.startSpan(name, options, ROOT_CONTEXT);
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

/**
 * Calls `fn` inside a context, if there is one. Whatever a context manager does, `fn` is called once
 * and its own end counts.
 */
export function runInContext<R>(within: Context | undefined, fn: () => R): R {
  if (within === undefined) return fn();
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
