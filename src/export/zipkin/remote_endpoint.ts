/**
 * Who was called: Zipkin draws its graph of services from it.
 *
 * @module
 */
import { SpanKind } from "@opentelemetry/api";
import type { ReadableSpan, SpanAttributes } from "../readable_span.ts";

/** A node of the graph. */
export interface Endpoint {
  readonly serviceName?: string | undefined;
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly port?: number | undefined;
}

// The order is OpenTelemetry's ranking; old names are in it because old instrumentations use them.
const RANKING: readonly ((attributes: SpanAttributes) => Endpoint | undefined)[] = [
  named("peer.service"),
  named("server.address"),
  named("net.peer.name"),
  addressed("network.peer.address", "network.peer.port"),
  named("server.socket.domain"),
  addressed("server.socket.address", "server.socket.port"),
  named("net.sock.peer.name"),
  addressed("net.sock.peer.addr", "net.sock.peer.port"),
  named("peer.hostname"),
  named("peer.address"),
  named("db.name"),
];

/** The other side of a span that calls or sends, as far as its attributes tell. */
export function remoteEndpointOf({ kind, attributes }: ReadableSpan): Endpoint | undefined {
  if (kind !== SpanKind.CLIENT && kind !== SpanKind.PRODUCER) return undefined;
  for (const read of RANKING) {
    const endpoint = read(attributes);
    if (endpoint !== undefined) return endpoint;
  }
  return undefined;
}

function named(key: string): (attributes: SpanAttributes) => Endpoint | undefined {
  return ({ [key]: name }) => isText(name) ? { serviceName: name } : undefined;
}

function addressed(
  key: string,
  portKey: string,
): (attributes: SpanAttributes) => Endpoint | undefined {
  return ({ [key]: address, [portKey]: port }) => {
    if (!isText(address)) return undefined;
    const known = isPort(port) ? { port } : {};
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return { ipv4: address, ...known };
    // A socket's address may also be a path.
    return address.includes(":") ? { ipv6: address, ...known } : { serviceName: address, ...known };
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}
