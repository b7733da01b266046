/**
 * The service that was called, from which Zipkin draws its graph of services.
 *
 * @module
 */
import { SpanKind } from "@opentelemetry/api";
import type { AttributeValues, ReadableSpan } from "../readable_span.ts";

/** A service in the graph. */
export interface ZipkinEndpoint {
  readonly serviceName?: string | undefined;
  readonly ipv4?: string | undefined;
  readonly ipv6?: string | undefined;
  readonly port?: number | undefined;
}

// The order is OpenTelemetry's ranking; old names are in it because old instrumentations use them.
const RANKING: readonly ((attributes: AttributeValues) => ZipkinEndpoint | undefined)[] = [
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

const BROKER = named("messaging.system");

/**
 * The service at the other end of a span that calls, sends or consumes, if its attributes name one.
 * For senders and consumers of messages that is the broker, so the graph has an edge to it and one
 * from it.
 */
export function remoteEndpointOf({ kind, attributes }: ReadableSpan): ZipkinEndpoint | undefined {
  const isMessage = kind === SpanKind.PRODUCER || kind === SpanKind.CONSUMER;
  if (kind !== SpanKind.CLIENT && !isMessage) return undefined;
  for (const read of RANKING) {
    const endpoint = read(attributes);
    if (endpoint !== undefined) return endpoint;
  }
  return isMessage ? BROKER(attributes) : undefined;
}

function named(key: string): (attributes: AttributeValues) => ZipkinEndpoint | undefined {
  return ({ [key]: name }) => isText(name) ? { serviceName: name.toWellFormed() } : undefined;
}

function addressed(
  key: string,
  portKey: string,
): (attributes: AttributeValues) => ZipkinEndpoint | undefined {
  return ({ [key]: address, [portKey]: port }) => {
    if (!isText(address)) return undefined;
    const known = isPort(port) ? { port } : {};
    if (/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return { ipv4: address, ...known };
    const isNumeric = /^[0-9a-f:.]+$/i.test(address);
    if (isNumeric && address.includes(":")) return { ipv6: address, ...known };
    // A socket's address may also be a path.
    return { serviceName: address.toWellFormed(), ...known };
  };
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}

function isPort(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65_536;
}
