/**
 * The spans of a job, exported to a tracing back end of your choice.
 *
 *     node examples/tracing.ts console     # prints the spans
 *     node examples/tracing.ts jaeger      # a Jaeger or an OpenTelemetry Collector at localhost:4318
 *     node examples/tracing.ts zipkin      # a Zipkin at localhost:9411
 *     node examples/tracing.ts honeycomb   # with HONEYCOMB_API_KEY
 *     node examples/tracing.ts datadog     # with DD_API_KEY, without an agent
 *
 * A second argument is another address, such as `jaeger http://collector:4318`. It prints the id of
 * the trace and how many spans were lost, for example because nothing listens at the address.
 *
 * Jaeger and Zipkin start with:
 *
 *     docker run --rm -p 16686:16686 -p 4318:4318 jaegertracing/jaeger:2.10.0
 *     docker run --rm -p 9411:9411 openzipkin/zipkin:3
 *
 * In a project of your own, import from "hammerwork" and "hammerwork/tracing" where this imports
 * ../mod.ts and ../src/tracing.ts, and install @opentelemetry/sdk-trace.
 */
import process from "node:process";
import { JobQueue, memory } from "../mod.ts";
import { initTracing, type TracingOptions } from "../src/tracing.ts";

const backEnds: Readonly<Record<string, (address?: string) => TracingOptions>> = {
  console: () => ({ consoleExporter: true }),
  // OTLP over HTTP, which most back ends and every Collector take. /v1/traces is added.
  jaeger: (address = "http://localhost:4318") => ({ otlpEndpoint: address }),
  // An address that ends in /api/v2/spans gets Zipkin's own format.
  zipkin: (address = "http://localhost:9411/api/v2/spans") => ({ otlpEndpoint: address }),
  // Hosted back ends take OTLP with a key in a header.
  honeycomb: (address = "https://api.honeycomb.io") => ({
    otlpEndpoint: address,
    otlpHeaders: { "x-honeycomb-team": process.env.HONEYCOMB_API_KEY ?? "" },
    compression: "gzip",
  }),
  datadog: (address = "https://otlp.datadoghq.com") => ({
    otlpEndpoint: address,
    otlpHeaders: { "dd-api-key": process.env.DD_API_KEY ?? "" },
    compression: "gzip",
  }),
};

const [name = "console", address] = process.argv.slice(2);
const options = backEnds[name];
if (options === undefined) {
  console.error(`Expected one of ${Object.keys(backEnds).join(", ")}: got ${name}`);
  process.exit(2);
}

const tracing = await initTracing({
  serviceName: "shop",
  serviceVersion: "1.0.0",
  environment: "development",
  exportTimeoutMs: 3_000,
  ...options(address),
});
const queue = new JobQueue<{ email_queue: { to: string } }>({ store: memory() });
const worker = queue.worker("email_queue", (job) => console.log(`To ${job.payload.to}`));
const { traceId } = await queue.enqueue("email_queue", { to: "a@example.com" });
await worker.tick();

await tracing.shutdown(); // exports the spans that are still held
console.log(`Trace ${traceId}, spans lost: ${tracing.droppedSpans}`);
