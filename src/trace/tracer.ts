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
import { randomHex } from "../job/random_hex.ts";
import { isDropped, isOwnProviderRegistered, startWithRootTraceId } from "./root_trace_id.ts";

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

/** A span to begin under. */
export interface Parent {
  /** Its ids. */
  readonly spanContext: SpanContext;
  /** The span itself; absent where only its ids came, from another process or from a store. */
  readonly span?: Span | undefined;
}

/** Where a span begins: under a parent, as the root of a chosen trace, or as the root of a new one. */
export interface Origin {
  /** The trace, when it is decided already. */
  readonly traceId?: string | undefined;
  /** The span above, of the same trace. */
  readonly parent?: Parent | undefined;
}

/** What a span is started with. */
export interface NamedOptions extends SpanOptions {
  /** Its name. */
  readonly name: string;
}

/**
 * Starts a span at its origin. Samplers and processors see the context that it is started in: the
 * given one, with the parent in place of the span that it holds. `describe` is asked only if it is made.
 */
export function startSpan(
  tracer: Tracer,
  origin: Origin,
  within: Context,
  describe: () => NamedOptions,
): Span {
  return isOwnProviderRegistered()
    ? startOwnSpan(tracer, origin, within, describe)
    : startForeignSpan(tracer, origin, within, describe());
}

/** Our own provider's sampler is known, so a span that it drops is none from the first. */
function startOwnSpan(
  tracer: Tracer,
  { traceId: chosen, parent }: Origin,
  within: Context,
  describe: () => NamedOptions,
): Span {
  const traceId = chosen ?? parent?.spanContext.traceId ?? newTraceId();
  if (isDropped(traceId, parent?.spanContext)) return droppedSpan(traceId, parent?.spanContext);
  if (parent !== undefined) return startChild(tracer, parent, within, describe());
  return startWithRootTraceId(traceId, () => startRoot(tracer, within, describe()));
}

function droppedSpan(traceId: string, parent: SpanContext | undefined): Span {
  const spanContext: SpanContext = { traceId, spanId: randomHex(8), traceFlags: 0 };
  if (parent?.traceState !== undefined) spanContext.traceState = parent.traceState;
  return trace.wrapSpanContext(spanContext);
}

function startForeignSpan(
  tracer: Tracer,
  { traceId, parent }: Origin,
  within: Context,
  options: NamedOptions,
): Span {
  if (parent !== undefined) return startChild(tracer, parent, within, options);
  if (traceId === undefined) return startRoot(tracer, within, options);
  // Another's provider makes its own ids for roots. Only a parent makes it use this trace; the
  // parent does not exist, and its sampled flag must be set or no such trace would be recorded.
  const spanContext = { traceId, spanId: randomHex(8), traceFlags: 1, isRemote: true };
  return startChild(tracer, { spanContext }, within, options);
}

function startChild(
  tracer: Tracer,
  { spanContext, span = trace.wrapSpanContext(spanContext) }: Parent,
  within: Context,
  options: NamedOptions,
): Span {
  const under = trace.getSpan(within) === span ? within : trace.setSpan(within, span);
  return tracer.startSpan(options.name, options, under);
}

/** Said to be a root: where the context holds no span, some tracers look for one elsewhere. */
function startRoot(tracer: Tracer, within: Context, options: NamedOptions): Span {
  const alone = trace.getSpan(within) === undefined ? within : trace.deleteSpan(within);
  return tracer.startSpan(options.name, { ...options, root: true }, alone);
}

/** The caller's active context. A context manager that throws has none. */
export function activeContext(): Context {
  try {
    return context.active();
  } catch {
    return ROOT_CONTEXT;
  }
}

/** The caller's active span, if there is a valid one. */
export function activeParent(): Parent | undefined {
  return parentOf(trace.getSpan(activeContext()));
}

/** The context of the caller's active span, if there is a valid one. */
export function activeSpanContext(): SpanContext | undefined {
  return activeParent()?.spanContext;
}

/** A span as one to begin under. */
export function asParent(span: Span): Parent {
  return { spanContext: span.spanContext(), span };
}

/** A span as one to begin under, if it is a valid one. */
export function parentOf(span: Span | undefined): Parent | undefined {
  const spanContext = validSpanContext(span);
  return spanContext && { spanContext, span };
}

/** A span's context, if it is a valid one. A tracer that throws has none. */
export function validSpanContext(span: Span | undefined): SpanContext | undefined {
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
