/**
 * OpenTelemetry's SDK, put together as `initTracing` was told.
 *
 * @module
 */
import type { IdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import { ConsoleProcessor } from "./export/console/console_processor.ts";
import { BatchProcessor } from "./export/batch_processor.ts";
import { newSender } from "./export/sender.ts";
import { randomHex } from "../job/random_hex.ts";
import { escapeControlCharacters } from "../control_characters.ts";
import { type OwnSampling, takeRootTraceId } from "../trace/root_trace_id.ts";
import { batchLimitsOf, destinationOf } from "./destination.ts";
import { describeService, resourceOf } from "./resource.ts";
import { newSampler, ownSamplingOf, samplingOf } from "./sampling.ts";
import type { TracingOptions } from "./tracing_options.ts";

type Sdk = typeof import("@opentelemetry/sdk-trace");

/** A provider that is not registered yet, and what we know of it. */
export interface OwnProvider {
  readonly provider: TracerProvider;
  /** What it records. */
  readonly sampling: OwnSampling;
  /** The spans that did not arrive so far. */
  lostSpans(): number;
}

// The span of a call that enqueues many jobs links to each of them; the SDK's own limit is 128.
const MOST_LINKS = 10_000;

/** Makes a provider. What cannot work is refused before the SDK is loaded. */
export async function newProvider(
  options: TracingOptions,
  exportTimeoutMs: number,
): Promise<OwnProvider> {
  const sampling = samplingOf(options);
  const batches = newBatchProcessor(options, exportTimeoutMs);
  const sdk = await importSdk();
  const resource = resourceOf(describeService(options, sdk));
  const provider = new sdk.TracerProvider({
    resource,
    sampler: newSampler(sdk, sampling),
    idGenerator,
    spanLimits: { linkCountLimit: MOST_LINKS },
    spanProcessors: [
      ...(batches ? [batches] : []),
      ...(options.consoleExporter ? [new ConsoleProcessor()] : []),
      ...options.spanProcessors ?? [],
    ],
  });
  return {
    provider,
    sampling: ownSamplingOf(sdk, sampling),
    lostSpans: () => batches?.losses.count ?? 0,
  };
}

function newBatchProcessor(options: TracingOptions, timeoutMs: number): BatchProcessor | undefined {
  const destination = destinationOf(options);
  if (destination === undefined) return undefined;
  const say = (sentence: string) => console.warn(escapeControlCharacters(sentence));
  return new BatchProcessor(newSender(destination), say, { ...batchLimitsOf(options), timeoutMs });
}

// Loaded here rather than imported above, so that its absence is a sentence and not a module error.
async function importSdk(): Promise<Sdk> {
  try {
    return await import("@opentelemetry/sdk-trace");
  } catch (cause) {
    throw new Error(
      "initTracing needs @opentelemetry/sdk-trace: npm install @opentelemetry/sdk-trace",
      { cause },
    );
  }
}

/** A root that was given its trace's id gets that one; all else is random, from a secure source. */
const idGenerator: IdGenerator = {
  generateTraceId: () => takeRootTraceId() ?? randomHex(16),
  generateSpanId: () => randomHex(8),
};
