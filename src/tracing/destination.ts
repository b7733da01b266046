/**
 * Where finished spans are sent, in which format, and when: by the options, else by the `OTEL_*`
 * variables, of which those for traces win over those for all signals. An address that can never work
 * is refused before the first span, with the form that would: with a silent exporter a service would
 * look as if it had no traffic.
 *
 * @module
 */
import { withoutTrailingSlashes } from "../trailing_slashes.ts";
import type { BatchLimits } from "./export/batch_processor.ts";
import { otlp } from "./export/otlp/protocol.ts";
import type { Protocol } from "./export/protocol.ts";
import type { Compression } from "./export/request_body.ts";
import { type Destination, newHeaders } from "./export/sender.ts";
import { zipkin } from "./export/zipkin/protocol.ts";
import type { TracingOptions } from "./options.ts";
import { readCount, readFirst, readPairs, type Variables, warnIgnored } from "./variables.ts";

/**
 * The destination; `undefined` where none is configured.
 *
 * @throws {RangeError} when nothing that accepts spans over HTTP can be at the address.
 */
export function destinationOf(options: TracingOptions): Destination | undefined {
  const { env, otlpHeaders, compression } = options;
  const endpoint = findEndpoint(options);
  if (endpoint === undefined) return undefined;
  if (endpoint.protocol === otlp) warnOfOtherProtocol(env);
  return {
    ...endpoint,
    headers: { ...readPairs(forTraces("HEADERS"), env, newHeaders), ...otlpHeaders },
    compression: compression ?? readCompression(env),
  };
}

/** How long one batch may take, with all its retries, in ms. */
export function exportTimeoutOf({ exportTimeoutMs, env }: TracingOptions): number {
  return exportTimeoutMs ?? readCount(forTraces("TIMEOUT"), env) ?? 10_000;
}

/** When spans are sent, and how many at once. */
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
  warnIgnored(found.name, "be gzip or none");
  return "none";
}

/** Some set the default of OpenTelemetry's own exporters, `http/protobuf`. */
function warnOfOtherProtocol(env: Variables): void {
  const found = readFirst(forTraces("PROTOCOL"), env);
  if (found === undefined || found.value === "http/json") return;
  console.warn(`${found.name} is ignored: initTracing sends OTLP as JSON over HTTP (http/json)`);
}

/** The URL to post to, and the format of the requests. */
export interface Endpoint {
  readonly url: string;
  readonly protocol: Protocol;
}

/**
 * The endpoint of a base address. `/v1/traces` is appended, as the OpenTelemetry specification says of
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, unless the path ends with it already or is Zipkin's `/api/v2/spans`.
 *
 * @param source the option or variable that the address is from, for the error.
 * @throws {RangeError} when nothing that accepts spans over HTTP can be there.
 */
export function endpointFrom(address: string, source: string): Endpoint {
  const url = readEndpoint(address, source);
  const path = withoutTrailingSlashes(url.pathname);
  if (isZipkin(url)) {
    url.pathname = path;
    return { url: url.href, protocol: zipkin };
  }
  url.pathname = path.endsWith("/v1/traces") ? path : `${path}/v1/traces`;
  return { url: url.href, protocol: otlp };
}

/**
 * The endpoint of a full address, which is used as it is: `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
 *
 * @throws {RangeError} when nothing that accepts spans over HTTP can be there.
 */
export function exactEndpoint(address: string, source: string): Endpoint {
  const url = readEndpoint(address, source);
  return { url: url.href, protocol: isZipkin(url) ? zipkin : otlp };
}

function isZipkin({ pathname }: URL): boolean {
  return /\/api\/v2\/spans\/*$/.test(pathname);
}

function readEndpoint(text: string, source: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new RangeError(
      `${source} must be an http or https URL such as http://localhost:4318: got ${masked(text)}`,
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new RangeError(
      `${source} must hold no user or password, send them as a header: got ${masked(text)}`,
    );
  }
  if (url.port === "4317") {
    throw new RangeError(
      `${source} must be an OTLP/HTTP address such as ${onPort(url, 4318)}: got ` +
        `${masked(text)}, and 4317 is the port of OTLP/gRPC, which fetch cannot speak`,
    );
  }
  if (isDatadogIntake(url)) {
    throw new RangeError(
      `${source} must be http://localhost:4318 (a Datadog agent with its OTLP receiver switched ` +
        "on) or Datadog's OTLP intake for your site with the header dd-api-key: got " +
        `${masked(text)}, which takes no OTLP`,
    );
  }
  url.hash = "";
  return url;
}

/** Where Datadog's agents send spans, in a format of their own. */
function isDatadogIntake({ hostname }: URL): boolean {
  return /^trace\.agent\.([\w-]+\.)*(datadoghq\.(com|eu)|ddog-gov\.com)\.?$/.test(hostname);
}

function onPort(url: URL, port: number): string {
  return `${url.protocol}//${url.hostname}:${port}`;
}

/** An address without user, password and query, which may be secret. */
function masked(text: string): string {
  return JSON.stringify(String(text).replace(/\/\/[^/]*@/, "//…@").replace(/\?.*/s, "?…"));
}
