/** Spans that stay in the process, and the questions that a sampler was asked. */

import type { ReadableSpan, Sampler, SpanProcessor } from "@opentelemetry/sdk-trace";
import type { SeenSpan, Stage } from "./stage.ts";

/** A processor that keeps finished spans, in the form in which a collector gets them. */
export function newSpanKeeper(): Pick<Stage, "spansOf"> & { readonly processor: SpanProcessor } {
  const kept: SeenSpan[] = [];
  return {
    processor: {
      onStart: () => {},
      onEnd: (span) => void kept.push(seen(span)),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
    spansOf: (traceId) => Promise.resolve(kept.filter((span) => span.traceId === traceId)),
  };
}

function seen(span: ReadableSpan): SeenSpan {
  const { name, kind, attributes, status: { code, message } } = span;
  const { traceId, spanId } = span.spanContext();
  const parentSpanId = span.parentSpanContext?.spanId;
  return {
    name,
    traceId,
    spanId,
    ...(parentSpanId !== undefined && { parentSpanId }),
    // OTLP counts kinds from 1.
    kind: kind + 1,
    status: { code, ...(message !== undefined && { message }) },
    attributes,
    links: span.links.map((link) => ({
      traceId: link.context.traceId,
      spanId: link.context.spanId,
      attributes: link.attributes ?? {},
    })),
  };
}

/** A sampler that tells what it was asked, and decides as another one does. */
export function newTellingSampler(
  decides: Sampler,
): Required<Pick<Stage, "askedAbout">> & { readonly sampler: Sampler } {
  const asked: { traceId: string; name: string }[] = [];
  return {
    sampler: {
      shouldSample: (...question) => {
        const [, traceId, name] = question;
        asked.push({ traceId, name });
        return decides.shouldSample(...question);
      },
      toString: () => `telling ${decides}`,
    },
    askedAbout: (traceId) =>
      asked.filter((question) => question.traceId === traceId).map(({ name }) => name),
  };
}
