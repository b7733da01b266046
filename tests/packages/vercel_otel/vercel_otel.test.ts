/** `@vercel/otel` 2 with the exporter that it brings along. It makes spans of `fetch`, not of `http`. */

import { type ProxyTracerProvider, trace } from "@opentelemetry/api";
import { createRequire } from "node:module";
import process from "node:process";
import { spansIn } from "../../runtimes/otlp_spans.ts";
import type { ArrivedSpan } from "../../providers/beside/arrived_span.ts";
import { proveBeside } from "../../providers/beside/prove_beside.ts";
import type { Sent } from "../../providers/beside/stand_in.ts";

/** What is used of it. */
interface VercelOtel {
  registerOTel(options: { readonly serviceName: string }): void;
}

proveBeside({
  title: "@vercel/otel 2",
  calls: ["fetch"],
  setUp: async (openBackend) => {
    const backend = await openBackend();
    process.env.OTEL_EXPORTER_OTLP_ENDPOINT = `http://127.0.0.1:${backend.port}`;
    process.env.OTEL_EXPORTER_OTLP_PROTOCOL = "http/json";
    const { registerOTel } = createRequire(import.meta.url)("@vercel/otel") as VercelOtel;
    registerOTel({ serviceName: "shop" });
    return { flush, arrived: () => arrivedIn(backend.sent) };
  },
});

async function flush(): Promise<void> {
  const provider = (trace.getTracerProvider() as ProxyTracerProvider).getDelegate();
  await (provider as unknown as { forceFlush(): Promise<void> }).forceFlush();
}

function arrivedIn(sent: readonly Sent[]): readonly ArrivedSpan[] {
  return sent
    .filter(({ path }) => path === "/v1/traces")
    .flatMap(({ body }) => spansIn(JSON.parse(new TextDecoder().decode(body))))
    .map(({ name, traceId, spanId, parentSpanId, attributes }) => ({
      name,
      traceId,
      spanId,
      parentId: parentSpanId,
      calledPath: name.startsWith("fetch ")
        ? new URL(String(attributes["http.url"])).pathname
        : undefined,
    }));
}
