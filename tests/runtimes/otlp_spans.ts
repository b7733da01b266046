/** Reads spans back from what an exporter sent. */

export interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: Attributes;
  readonly links: readonly OtlpLink[];
  readonly status: { readonly code?: number; readonly message?: string };
  readonly events: readonly OtlpEvent[];
  /** The attributes of the resource that the span came with. */
  readonly resource: Attributes;
}

export interface OtlpLink {
  readonly traceId: string;
  readonly spanId: string;
  readonly attributes: Attributes;
}

export interface OtlpEvent {
  readonly name: string;
  readonly timeUnixNano: string;
  readonly attributes: Attributes;
}

export type Attributes = Readonly<Record<string, unknown>>;

/** The spans of one export request, with their attributes as plain records. */
export function spansIn({ resourceSpans = [] }: ExportRequest): OtlpSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans = [] }) =>
    scopeSpans.flatMap(({ spans = [] }) =>
      spans.map((span) => ({
        ...span,
        attributes: record(span.attributes),
        links: (span.links ?? []).map((link) => ({ ...link, attributes: record(link.attributes) })),
        events: (span.events ?? []).map((event) => ({
          ...event,
          attributes: record(event.attributes),
        })),
        status: span.status ?? {},
        resource: record(resource?.attributes),
      }))
    )
  );
}

function record(attributes: readonly WireAttribute[] = []): Attributes {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plain(value)]));
}

function plain(value: WireValue): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plain);
  if (value.kvlistValue) return record(value.kvlistValue.values);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}

/** The body of an export request, as JSON. */
export interface ExportRequest {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly WireAttribute[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly WireSpan[] }[];
  }[];
}

type WireSpan = Omit<OtlpSpan, "attributes" | "links" | "events" | "resource"> & {
  readonly attributes?: readonly WireAttribute[];
  readonly links?: readonly WithWireAttributes<OtlpLink>[];
  readonly events?: readonly WithWireAttributes<OtlpEvent>[];
};

type WithWireAttributes<T> = Omit<T, "attributes"> & {
  readonly attributes?: readonly WireAttribute[];
};

interface WireAttribute {
  readonly key: string;
  readonly value: WireValue;
}

interface WireValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly WireValue[] };
  readonly kvlistValue?: { readonly values?: readonly WireAttribute[] };
}
