/** The exporter that stands for OTLP/JSON as others write it. */

import { JsonTraceSerializer } from "@opentelemetry/otlp-transformer";
import type { ReadableSpan as SdkSpan } from "@opentelemetry/sdk-trace";
import type { ReadableSpan } from "../../src/export/readable_span.ts";

/** What the stock exporter would send. */
export function stockJson(spans: readonly ReadableSpan[]): unknown {
  const bytes = JsonTraceSerializer.serializeRequest(spans as unknown as SdkSpan[]);
  return JSON.parse(new TextDecoder().decode(bytes));
}
