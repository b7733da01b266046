/** The exporter that stands for OTLP/JSON as others write it. */

import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan as SdkSpan } from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";

/** What the stock exporter would send, but for a field that its protocol does not have. */
export function stockJson(spans: readonly ReadableSpan[]): unknown {
  const bytes = JsonTraceSerializer.serializeRequest(spans as unknown as SdkSpan[]);
  const body = JSON.parse(new TextDecoder().decode(bytes)) as StockBody;
  for (const { resource } of body.resourceSpans) delete resource.schemaUrl;
  return body;
}

/** A resource has no `schemaUrl` there: it is a field of the message around it, which has it too. */
interface StockBody {
  readonly resourceSpans: readonly { readonly resource: { schemaUrl?: string } }[];
}
