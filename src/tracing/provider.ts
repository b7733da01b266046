/**
 * The tracer provider of `initTracing`, made of OpenTelemetry's SDK.
 *
 * @module
 */
import type { IdGenerator, TracerProvider } from "@opentelemetry/sdk-trace";
import { ConsoleProcessor } from "./export/console/console_processor.ts";
import { BatchProcessor } from "./export/batch_processor.ts";
import { newSender } from "./export/sender.ts";
import { randomHex } from "../job/ids.ts";
import { escapeControlCharacters } from "../control_characters.ts";
import { type OwnSampling, takeRootTraceId } from "../trace/root_trace_id.ts";
import { batchLimitsOf, destinationOf } from "./destination.ts";
import { describeService, resourceOf } from "./resource.ts";
import { newSampler, ownSamplingOf, samplingOf } from "./sampling.ts";
import type { Sdk, TracingOptions } from "./options.ts";

/** A provider that is not registered yet. */
export interface OwnProvider {
  readonly provider: TracerProvider;
  /** Which spans it records. */
  readonly sampling: OwnSampling;
  /** How many spans were lost so far. */
  lostSpans(): number;
}

// The span of an enqueue links to each of its jobs; the SDK's default is 128.
const LINK_COUNT_LIMIT = 10_000;

/** Creates a provider. Options that cannot work are refused before the SDK is loaded. */
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
    spanLimits: { linkCountLimit: LINK_COUNT_LIMIT },
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
  const warn = (message: string) => console.warn(escapeControlCharacters(message));
  return new BatchProcessor(newSender(destination), warn, { ...batchLimitsOf(options), timeoutMs });
}

// Imported here rather than above, so that a missing package gives a clear error.
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

/** Roots get the trace id given to `startWithRootTraceId`; all other ids are random. */
const idGenerator: IdGenerator = {
  generateTraceId: () => takeRootTraceId() ?? randomHex(16),
  generateSpanId: () => randomHex(8),
};
