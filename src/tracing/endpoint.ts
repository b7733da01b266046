/**
 * Where spans are sent, and in which format. An address that can never work is refused before the
 * first span is made, with the form that works: a silent exporter looks like a service without traffic.
 *
 * @module
 */
import { withoutEndSlashes } from "../end_slashes.ts";
import type { Protocol } from "./export/protocol.ts";
import { otlp } from "./export/otlp/protocol.ts";
import { zipkin } from "./export/zipkin/protocol.ts";

/** The URL to post to, and what is understood there. */
export interface Endpoint {
  readonly url: string;
  readonly protocol: Protocol;
}

/**
 * Reads a base address: `/v1/traces` is appended, as the OpenTelemetry specification says of
 * `OTEL_EXPORTER_OTLP_ENDPOINT`, unless the path already ends so, or is Zipkin's `/api/v2/spans`.
 *
 * @param source what gave the address: an option or a variable, named in the error.
 * @throws {RangeError} when nothing that takes spans over HTTP can be there.
 */
export function endpointFrom(address: string, source: string): Endpoint {
  const url = readAddress(address, source);
  const path = withoutEndSlashes(url.pathname);
  if (isZipkin(url)) {
    url.pathname = path;
    return { url: url.href, protocol: zipkin };
  }
  url.pathname = path.endsWith("/v1/traces") ? path : `${path}/v1/traces`;
  return { url: url.href, protocol: otlp };
}

/**
 * Reads an address that is taken as it is: the rule for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
 *
 * @throws {RangeError} when nothing that takes spans over HTTP can be there.
 */
export function exactEndpoint(address: string, source: string): Endpoint {
  const url = readAddress(address, source);
  return { url: url.href, protocol: isZipkin(url) ? zipkin : otlp };
}

function isZipkin({ pathname }: URL): boolean {
  return /\/api\/v2\/spans\/*$/.test(pathname);
}

function readAddress(text: string, source: string): URL {
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
  if (isDatadogsOwn(url)) {
    throw new RangeError(
      `${source} must be http://localhost:4318 (a Datadog agent with its OTLP receiver switched ` +
        "on) or Datadog's OTLP intake for your site with the header dd-api-key: got " +
        `${masked(text)}, which takes no OTLP`,
    );
  }
  url.hash = "";
  return url;
}

/** Where Datadog's agents send what they have collected, in a format of their own. */
function isDatadogsOwn({ hostname }: URL): boolean {
  return /^trace\.agent\.([\w-]+\.)*(datadoghq\.(com|eu)|ddog-gov\.com)\.?$/.test(hostname);
}

function onPort(url: URL, port: number): string {
  return `${url.protocol}//${url.hostname}:${port}`;
}

/** An address without what may be secret in it: user, password and query. */
function masked(text: string): string {
  return JSON.stringify(String(text).replace(/\/\/[^/]*@/, "//…@").replace(/\?.*/s, "?…"));
}
