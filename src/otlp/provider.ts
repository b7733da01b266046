/**
 * OpenTelemetry's SDK, put together as `initTracing` was told.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { IdGenerator, Sampler, SpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { randomHex } from "../ids.ts";
import { takeChosenTraceId } from "../trace/chosen_root.ts";
import { exactTracesUrl, tracesUrlFrom } from "./endpoint.ts";
import { FetchSpanExporter } from "./exporter.ts";
import { resourceOf } from "./resource.ts";
import type { TracingOptions } from "./tracing_options.ts";
import { readPairs, readVariable } from "./variables.ts";

type Sdk = typeof import("@opentelemetry/sdk-trace");

/** Makes a provider that is not registered yet. Wrong options are refused before the SDK is loaded. */
export async function newProvider(
  options: TracingOptions,
  exportTimeoutMs: number,
): Promise<TracerProvider> {
  const ratio = checkRatio(options.samplingRatio ?? 1);
  const exporter = newExporter(options, exportTimeoutMs);
  const resource = resourceOf(describeService(options));
  const sdk = await importSdk();
  const ownProcessors = exporter ? [newBatchProcessor(sdk, exporter, exportTimeoutMs)] : [];
  return new sdk.TracerProvider({
    resource,
    sampler: newSampler(sdk, ratio),
    idGenerator,
    spanProcessors: [...ownProcessors, ...options.spanProcessors ?? []],
  });
}

function checkRatio(ratio: number): number {
  if (typeof ratio === "number" && ratio >= 0 && ratio <= 1) return ratio;
  throw new RangeError(`samplingRatio must be a number from 0 to 1: got ${String(ratio)}`);
}

function newExporter(
  { otlpHeaders, env, ...options }: TracingOptions,
  timeoutMs: number,
): FetchSpanExporter | undefined {
  const url = findTracesUrl(options.otlpEndpoint, env);
  if (url === undefined) return undefined;
  const headers = { ...readPairs("OTEL_EXPORTER_OTLP_HEADERS", env), ...otlpHeaders };
  return new FetchSpanExporter({ url, headers, timeoutMs });
}

function findTracesUrl(
  otlpEndpoint: string | undefined,
  env: TracingOptions["env"],
): string | undefined {
  if (otlpEndpoint !== undefined) return tracesUrlFrom(otlpEndpoint, "otlpEndpoint");
  const exact = readVariable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", env);
  if (exact) return exactTracesUrl(exact, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const base = readVariable("OTEL_EXPORTER_OTLP_ENDPOINT", env);
  return base && tracesUrlFrom(base, "OTEL_EXPORTER_OTLP_ENDPOINT");
}

/** From the weakest to the strongest: the default, the environment, the options. */
function describeService(options: TracingOptions): Attributes {
  const { env, serviceName, serviceVersion, environment } = options;
  const nameFromEnv = readVariable("OTEL_SERVICE_NAME", env);
  return {
    "service.name": "hammerwork",
    ...readPairs("OTEL_RESOURCE_ATTRIBUTES", env),
    ...(nameFromEnv !== undefined && { "service.name": nameFromEnv }),
    ...options.resourceAttributes,
    ...(serviceName !== undefined && { "service.name": serviceName }),
    ...(serviceVersion !== undefined && { "service.version": serviceVersion }),
    ...(environment !== undefined && { "deployment.environment.name": environment }),
  };
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

function newSampler(sdk: Sdk, ratio: number): Sampler {
  return new sdk.ParentBasedSampler({ root: new sdk.TraceIdRatioBasedSampler(ratio) });
}

/** A root that was given its trace's id gets that one; all else is random, from a secure source. */
const idGenerator: IdGenerator = {
  generateTraceId: () => takeChosenTraceId() ?? randomHex(16),
  generateSpanId: () => randomHex(8),
};

function newBatchProcessor(
  sdk: Sdk,
  exporter: FetchSpanExporter,
  exportTimeoutMs: number,
): SpanProcessor {
  class BatchProcessor extends sdk.BatchSpanProcessor {
    // The SDK's flush forgets the batch that its timer has just sent, and an edge function that
    // ends after the flush would take that one with it.
    override async forceFlush(): Promise<void> {
      try {
        await super.forceFlush();
      } finally {
        await exporter.forceFlush();
      }
    }
  }
  // A little longer, because the exporter ends by itself and says why.
  return new BatchProcessor({ exporter, exportTimeoutMillis: exportTimeoutMs + 1_000 });
}
