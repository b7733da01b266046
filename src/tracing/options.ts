/**
 * The options of `initTracing`.
 *
 * @module
 */
import type { Attributes } from "@opentelemetry/api";
import type { SpanProcessor } from "@opentelemetry/sdk-trace";
import { checkOptionNames, type OptionNames } from "../job/checks.ts";
import { newHeaders } from "./export/sender.ts";

/** The package that is imported when tracing is set up. */
export type Sdk = typeof import("@opentelemetry/sdk-trace");

/** The options of `initTracing`. Those left out are read from the `OTEL_*` variables. */
export interface TracingOptions {
  /** The name of the service. @default {OTEL_SERVICE_NAME, else "hammerwork"} */
  readonly serviceName?: string | undefined;
  /** The resource attribute `service.version`. */
  readonly serviceVersion?: string | undefined;
  /** The resource attribute `deployment.environment.name`, such as `production`. */
  readonly environment?: string | undefined;
  /**
   * The base URL of a collector that accepts OTLP over HTTP, such as `http://localhost:4318`:
   * `/v1/traces` is appended. Or the URL of Zipkin, which ends with `/api/v2/spans`; it gets Zipkin's
   * JSON. Without an endpoint spans are created, sampled and propagated, but not exported.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_ENDPOINT (used as it is), else OTEL_EXPORTER_OTLP_ENDPOINT}
   */
  readonly otlpEndpoint?: string | undefined;
  /**
   * Headers of every export, such as an API key. Added to those of OTEL_EXPORTER_OTLP_TRACES_HEADERS,
   * or if that is not set, of OTEL_EXPORTER_OTLP_HEADERS.
   */
  readonly otlpHeaders?: Readonly<Record<string, string>> | undefined;
  /**
   * How request bodies are compressed. Not at all where the runtime has no CompressionStream.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_COMPRESSION, else OTEL_EXPORTER_OTLP_COMPRESSION, else "none"}
   */
  readonly compression?: "gzip" | "none" | undefined;
  /**
   * How long the export of one batch may take, with all its retries, in ms.
   *
   * @default {OTEL_EXPORTER_OTLP_TRACES_TIMEOUT, else OTEL_EXPORTER_OTLP_TIMEOUT, else 10_000}
   */
  readonly exportTimeoutMs?: number | undefined;
  /** Whether each finished span is printed with `console.log`. @default {false} */
  readonly consoleExporter?: boolean | undefined;
  /** Further resource attributes. Added to those of OTEL_RESOURCE_ATTRIBUTES. */
  readonly resourceAttributes?: Attributes | undefined;
  /**
   * The share of new traces that are recorded, 0 to 1. All spans of a trace follow its first one.
   *
   * @default {OTEL_TRACES_SAMPLER with OTEL_TRACES_SAMPLER_ARG, else 1}
   */
  readonly samplingRatio?: number | undefined;
  /** Further span processors, such as one with your own exporter. */
  readonly spanProcessors?: readonly SpanProcessor[] | undefined;
  /** Read instead of the environment variables of the process, such as the bindings of a Worker. */
  readonly env?: object | undefined;
}

const optionNames: OptionNames<TracingOptions> = {
  serviceName: true,
  serviceVersion: true,
  environment: true,
  otlpEndpoint: true,
  otlpHeaders: true,
  compression: true,
  exportTimeoutMs: true,
  consoleExporter: true,
  resourceAttributes: true,
  samplingRatio: true,
  spanProcessors: true,
  env: true,
};

/**
 * Checks the options before anything is done with them, except the endpoint, which is checked where it
 * is read.
 *
 * @throws {TypeError} when an option has another name or is of a wrong kind, or a header cannot be sent.
 * @throws {RangeError} when an option is out of its range.
 */
export function checkTracingOptions(options: TracingOptions): void {
  checkOptionNames("Tracing", options, optionNames);
  for (const name of ["serviceName", "serviceVersion", "environment", "otlpEndpoint"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== "string") {
      throw new TypeError(`${name} must be a string: got ${typeof value}`);
    }
  }
  const { consoleExporter, compression, samplingRatio, exportTimeoutMs, otlpHeaders } = options;
  if (consoleExporter !== undefined && typeof consoleExporter !== "boolean") {
    throw new TypeError(`consoleExporter must be true or false: got ${String(consoleExporter)}`);
  }
  if (compression !== undefined && compression !== "gzip" && compression !== "none") {
    throw new RangeError(`compression must be "gzip" or "none": got ${String(compression)}`);
  }
  checkNumber("samplingRatio", samplingRatio, 0, 1, "a number from 0 to 1");
  checkNumber("exportTimeoutMs", exportTimeoutMs, 1, 0x7fff_ffff, "1 to 2147483647 ms");
  for (const name of ["otlpHeaders", "resourceAttributes", "env"] as const) {
    const value: unknown = options[name];
    if (value !== undefined && (typeof value !== "object" || value === null)) {
      throw new TypeError(`${name} must be an object: got ${value === null ? null : typeof value}`);
    }
  }
  newHeaders(otlpHeaders ?? {});
}

function checkNumber(
  name: string,
  value: unknown,
  least: number,
  most: number,
  range: string,
): void {
  if (value === undefined) return;
  if (typeof value === "number" && value >= least && value <= most) return;
  throw new RangeError(`${name} must be ${range}: got ${String(value)}`);
}
