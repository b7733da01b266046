/**
 * What `initTracing` is told, looked at before anything is done with it: a wrong option is an error
 * at the start, not a service that is missing in its traces.
 *
 * @module
 */
import { readHeaders } from "./export/sender.ts";
import { checkOptionNames, type OptionNames } from "../job/option_names.ts";
import type { TracingOptions } from "./tracing_options.ts";

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
 * Checks everything but the address, which is checked where it is read.
 *
 * @throws {TypeError} when an option has another name or is of a wrong kind, or a header cannot be sent.
 * @throws {RangeError} when an option is out of its range.
 */
export function checkOptions(options: TracingOptions): void {
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
  readHeaders(otlpHeaders ?? {});
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
