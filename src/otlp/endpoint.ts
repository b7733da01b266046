/**
 * Where spans are sent. An address that can never work is refused before the first span is made,
 * with the form that works: a silent exporter looks like a service without traffic.
 *
 * @module
 */

/**
 * The URL to post to, from a base address: `/v1/traces` is appended, as the OpenTelemetry
 * specification says of `OTEL_EXPORTER_OTLP_ENDPOINT`, unless the path already ends so.
 *
 * @param source what gave the address: an option or a variable, named in the error.
 * @throws {RangeError} when no OTLP over HTTP can be spoken there.
 */
export function tracesUrlFrom(endpoint: string, source: string): string {
  const url = readAddress(endpoint, source);
  const path = url.pathname.replace(/\/+$/, "");
  url.pathname = path.endsWith("/v1/traces") ? path : `${path}/v1/traces`;
  return url.href;
}

/**
 * The URL to post to, taken as it is: the rule for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`.
 *
 * @throws {RangeError} when no OTLP over HTTP can be spoken there.
 */
export function exactTracesUrl(endpoint: string, source: string): string {
  return readAddress(endpoint, source).href;
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
  if (/\/api\/v2\/spans\/?$/.test(url.pathname)) {
    throw new RangeError(
      `${source} must be an OTLP address such as ${onPort(url, 9411)}/v1/traces (Zipkin with its ` +
        `OpenTelemetry module): got ${masked(text)}, which takes Zipkin's own JSON only`,
    );
  }
  url.hash = "";
  return url;
}

function onPort(url: URL, port: number): string {
  return `${url.protocol}//${url.hostname}:${port}`;
}

/** An address without what may be secret in it: user, password and query. */
function masked(text: string): string {
  return JSON.stringify(String(text).replace(/\/\/[^/]*@/, "//…@").replace(/\?.*/s, "?…"));
}
