/**
 * OpenTelemetry's own SDK and exporter, for the libraries that bring none.
 *
 * @module
 */
import { diag, DiagLogLevel } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from "@opentelemetry/sdk-trace-node";
import type { StartedTracing, Tracing } from "../contender.ts";

// With the defaults of both, jobs this short make more spans than are taken, and some are dropped.
const maxQueueSize = 200_000;
const concurrencyLimit = 400;

/** Registers them. */
export function startStockTracing({ ratio, endpoint }: Tracing): Promise<StartedTracing> {
  const problems: string[] = [];
  const note = (...words: unknown[]) => {
    const problem = words.join(" ");
    // A span of a batch has more links than are kept, which is the library's own doing.
    if (!/dropped \d+ links/i.test(problem)) problems.push(problem);
  };
  const silent = () => {};
  diag.setLogger({ error: note, warn: note, info: silent, debug: silent, verbose: silent }, {
    logLevel: DiagLogLevel.WARN,
  });
  const exporter = new OTLPTraceExporter({ url: `${endpoint}/v1/traces`, concurrencyLimit });
  const provider = new NodeTracerProvider({
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio) }),
    spanProcessors: [new BatchSpanProcessor(exporter, { maxQueueSize })],
  });
  provider.register();
  return Promise.resolve({
    flush: async () => {
      await provider.forceFlush();
      if (problems.length > 0) throw new Error(`Every span must be sent: got ${problems[0]}`);
    },
  });
}
