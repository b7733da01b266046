/**
 * Where and how finished spans are sent: by the options, else by the `OTEL_*` variables, of which
 * those for traces come before those for everything.
 *
 * @module
 */
import type { BatchLimits } from "./export/batch_processor.ts";
import type { Compression } from "./export/gzip.ts";
import { type Destination, readHeaders } from "./export/sender.ts";
import { otlp } from "./export/otlp/protocol.ts";
import { type Endpoint, endpointFrom, exactEndpoint } from "./endpoint.ts";
import type { TracingOptions } from "./tracing_options.ts";
import { ignore, readCount, readFirst, readPairs, type Variables } from "./variables.ts";

/**
 * Finds the destination; `undefined` where none is named.
 *
 * @throws {RangeError} when the address cannot work.
 */
export function destinationOf(options: TracingOptions): Destination | undefined {
  const { env, otlpHeaders, compression } = options;
  const endpoint = findEndpoint(options);
  if (endpoint === undefined) return undefined;
  if (endpoint.protocol === otlp) remarkProtocol(env);
  return {
    ...endpoint,
    headers: { ...readPairs(forTraces("HEADERS"), env, readHeaders), ...otlpHeaders },
    compression: compression ?? readCompression(env),
  };
}

/** How long one batch may take, in ms. */
export function exportTimeoutOf({ exportTimeoutMs, env }: TracingOptions): number {
  return exportTimeoutMs ?? readCount(forTraces("TIMEOUT"), env) ?? 10_000;
}

/** How spans are gathered into batches. */
export function batchLimitsOf({ env }: TracingOptions): BatchLimits {
  return {
    scheduleDelayMs: readCount(["OTEL_BSP_SCHEDULE_DELAY"], env),
    maxQueueSize: readCount(["OTEL_BSP_MAX_QUEUE_SIZE"], env),
    maxBatchSize: readCount(["OTEL_BSP_MAX_EXPORT_BATCH_SIZE"], env),
  };
}

function forTraces(setting: string): readonly string[] {
  return [`OTEL_EXPORTER_OTLP_TRACES_${setting}`, `OTEL_EXPORTER_OTLP_${setting}`];
}

function findEndpoint({ otlpEndpoint, env }: TracingOptions): Endpoint | undefined {
  if (otlpEndpoint !== undefined) return endpointFrom(otlpEndpoint, "otlpEndpoint");
  const found = readFirst(forTraces("ENDPOINT"), env);
  if (found === undefined) return undefined;
  const isExact = found.name === "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
  return (isExact ? exactEndpoint : endpointFrom)(found.value, found.name);
}

function readCompression(env: Variables): Compression {
  const found = readFirst(forTraces("COMPRESSION"), env);
  if (found === undefined || found.value === "none") return "none";
  if (found.value === "gzip") return "gzip";
  ignore(found.name, "be gzip or none");
  return "none";
}

/** The default of OpenTelemetry's own exporters is protobuf, which some set without need. */
function remarkProtocol(env: Variables): void {
  const found = readFirst(forTraces("PROTOCOL"), env);
  if (found === undefined || found.value === "http/json") return;
  console.warn(`${found.name} is ignored: initTracing speaks OTLP as JSON over HTTP (http/json)`);
}
