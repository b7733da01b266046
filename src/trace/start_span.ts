/**
 * Starting a span under a parent, as the root of a given trace, or as the root of a new one.
 *
 * @module
 */
import {
  type Context,
  type Span,
  type SpanContext,
  type SpanOptions,
  trace,
  type Tracer,
} from "@opentelemetry/api";
import { newTraceId, randomHex } from "../job/ids.ts";
import { activeContext } from "./active_context.ts";
import { isDropped, isOwnProviderRegistered, startWithRootTraceId } from "./root_trace_id.ts";
import { validSpanContext } from "./span_context.ts";

/** The span above one that is to be started. */
export interface Parent {
  /** Its ids. */
  readonly spanContext: SpanContext;
  /** The span itself; absent where only its ids came, from another process or from a store. */
  readonly span?: Span | undefined;
}

/** Where a span is started. Without a trace id and a parent it is the root of a new trace. */
export interface Origin {
  /** The trace, when it is known already. */
  readonly traceId?: string | undefined;
  /** The span above, of the same trace. */
  readonly parent?: Parent | undefined;
}

/** What a span is started with. */
export interface NamedSpanOptions extends SpanOptions {
  /** Its name. */
  readonly name: string;
}

/** The caller's active span as a parent, if it is valid. */
export function activeParent(): Parent | undefined {
  return parentOf(trace.getSpan(activeContext()));
}

/** A span as a parent, if it is valid. */
export function parentOf(span: Span | undefined): Parent | undefined {
  const spanContext = validSpanContext(span);
  return spanContext && { spanContext, span };
}

/** A span as a parent, valid or not. */
export function asParent(span: Span): Parent {
  return { spanContext: span.spanContext(), span };
}

/**
 * Starts a span. Samplers and processors see the context `within`, with the parent in place of the
 * span that it holds. `describe` is called only if a span is made.
 */
export function startSpan(
  tracer: Tracer,
  origin: Origin,
  within: Context,
  describe: () => NamedSpanOptions,
): Span {
  return isOwnProviderRegistered()
    ? startOwnSpan(tracer, origin, within, describe)
    : startForeignSpan(tracer, origin, within, describe());
}

/** The sampler of hammerwork's own provider is known, so no span is made that it would drop. */
function startOwnSpan(
  tracer: Tracer,
  { traceId: givenTraceId, parent }: Origin,
  within: Context,
  describe: () => NamedSpanOptions,
): Span {
  const traceId = givenTraceId ?? parent?.spanContext.traceId ?? newTraceId();
  if (isDropped(traceId, parent?.spanContext)) return newDroppedSpan(traceId, parent?.spanContext);
  if (parent !== undefined) return startChild(tracer, parent, within, describe());
  return startWithRootTraceId(traceId, () => startRoot(tracer, within, describe()));
}

function newDroppedSpan(traceId: string, parent: SpanContext | undefined): Span {
  const spanContext: SpanContext = { traceId, spanId: randomHex(8), traceFlags: 0 };
  if (parent?.traceState !== undefined) spanContext.traceState = parent.traceState;
  return trace.wrapSpanContext(spanContext);
}

/**
 * Other providers make their own trace ids for roots; only a parent makes them use a given one. That
 * parent is made up, and its sampled flag must be set, or no such trace would be recorded.
 */
function startForeignSpan(
  tracer: Tracer,
  { traceId, parent }: Origin,
  within: Context,
  options: NamedSpanOptions,
): Span {
  if (parent !== undefined) return startChild(tracer, parent, within, options);
  if (traceId === undefined) return startRoot(tracer, within, options);
  const spanContext = { traceId, spanId: randomHex(8), traceFlags: 1, isRemote: true };
  return startChild(tracer, { spanContext }, within, options);
}

function startChild(
  tracer: Tracer,
  { spanContext, span = trace.wrapSpanContext(spanContext) }: Parent,
  within: Context,
  options: NamedSpanOptions,
): Span {
  const under = trace.getSpan(within) === span ? within : trace.setSpan(within, span);
  return tracer.startSpan(options.name, options, under);
}

/** `root` is set because some tracers look elsewhere for a parent where the context holds no span. */
function startRoot(tracer: Tracer, within: Context, options: NamedSpanOptions): Span {
  const withoutSpan = trace.getSpan(within) === undefined ? within : trace.deleteSpan(within);
  return tracer.startSpan(options.name, { ...options, root: true }, withoutSpan);
}
