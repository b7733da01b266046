/**
 * What `initTracing` is told.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import type { Compression } from "./export/gzip.ts";

/** Everything that can be said of tracing. What is left out is filled from `OTEL_*` variables. */
export interface TracingOptions {
  /** The service in every trace. @default {OTEL_SERVICE_NAME, else "hammerwork"} */
  readonly serviceName?: string | undefined;
  /** Kept as `service.version`. */
  readonly serviceVersion?: string | undefined;
  /** Such as `production`; kept as `deployment.environment.name`. */
  readonly environment?: string | undefined;
  /**
   * The base address of a collector that takes OTLP over HTTP, such as `http://localhost:4318`:
   * `/v1/traces` is appended. Or Zipkin's own, which ends with `/api/v2/spans` and gets Zipkin's JSON.
   * Without one spans are made, sampled and propagated, and sent nowhere.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT as it is, else OTEL_EXPORTER_OTLP_ENDPOINT}
   */
  readonly otlpEndpoint?: string | undefined;
  /**
   * Sent with every export, such as an API key. Added to OTEL_EXPORTER_OTLP_TRACES_HEADERS, or where
   * that is not set to OTEL_EXPORTER_OTLP_HEADERS.
   */
  readonly otlpHeaders?: Readonly<Record<string, string>> | undefined;
  /**
   * How bodies are sent; uncompressed where the runtime has no CompressionStream.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, else OTEL_EXPORTER_OTLP_COMPRESSION, else "none"}
   */
  readonly compression?: Compression | undefined;
  /**
   * How long one batch of spans may take, with all its retries, in ms.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, else OTEL_EXPORTER_OTLP_TIMEOUT, else 10_000}
   */
  readonly exportTimeoutMs?: number | undefined;
  /** Prints each finished span with `console.log`, for a person to read. @default {false} */
  readonly consoleExporter?: boolean | undefined;
  /** More about the service. Added to OTEL_RESOURCE_ATTRIBUTES. */
  readonly resourceAttributes?: Attributes | undefined;
  /**
   * The share of new traces that are recorded, 0 to 1; a trace's later spans follow.
   *
   * @default {OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG, else 1}
   */
  readonly samplingRatio?: number | undefined;
  /** Get every recorded span too: an exporter of one's own, a test. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;
  /** Read instead of the process's environment variables, such as a worker's bindings. */
  readonly env?: object | undefined;
}
