/** "Integration with Observability Platforms", block by block. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { type OpenCollector, openCollector } from "../runtimes/collector.ts";
import { endTracing, init } from "../runtimes/init_tracing.ts";
import type { Tracing } from "../../src/tracing.ts";

afterEach(endTracing);

async function runOneJob(tracing: Tracing): Promise<string> {
  const queue = new JobQueue<{ email_queue: number }>({ store: memory() });
  const { traceId } = await queue.enqueue("email_queue", 1, { correlationId: "order-12345" });
  await queue.worker("email_queue", () => {}).tick();
  await tracing.shutdown();
  return traceId;
}

/** Lets a host name of the specification lead to the test's collector, which checks what it gets. */
async function reaching<T>(
  origin: string,
  collector: OpenCollector,
  run: () => Promise<T>,
): Promise<T> {
  const realFetch = globalThis.fetch;
  globalThis.fetch =
    ((input: string, options?: RequestInit) =>
      realFetch(input.replace(origin, collector.endpoint), options)) as typeof fetch;
  try {
    return await run();
  } finally {
    globalThis.fetch = realFetch;
  }
}

describe("the specification on platforms", () => {
  test("Jaeger: the port of OTLP over gRPC is refused, with the one that works", async () => {
    await assert.rejects(
      init({ serviceName: "hammerwork-jobs", otlpEndpoint: "http://jaeger:4317" }),
      { name: "RangeError", message: /such as http:\/\/jaeger:4318: got "http:\/\/jaeger:4317"/ },
    );
    const collector = await openCollector();
    await reaching("http://jaeger:4318", collector, async () => {
      const tracing = await init({
        serviceName: "hammerwork-jobs",
        otlpEndpoint: "http://jaeger:4318",
      });
      const traceId = await runOneJob(tracing);
      const spans = await collector.spans();
      assert.deepEqual(spans.map((span) => span.traceId), [traceId, traceId]);
    });
    const received = await collector.received();
    assert.deepEqual(received.map(({ path }) => path), ["/v1/traces"]);
    assert.deepEqual(received.flatMap(({ violations }) => violations), []);
  });

  test("Zipkin: exactly as it is written", async () => {
    const collector = await openCollector();
    await reaching("http://zipkin:9411", collector, async () => {
      const tracing = await init({
        serviceName: "hammerwork-jobs",
        otlpEndpoint: "http://zipkin:9411/api/v2/spans",
      });
      const traceId = await runOneJob(tracing);
      const [request] = await collector.received();
      assert.equal(request!.path, "/api/v2/spans");
      assert.deepEqual(request!.violations, []);
      const spans = JSON.parse(request!.body);
      assert.deepEqual(spans.map((span: { traceId: string }) => span.traceId), [traceId, traceId]);
      assert.deepEqual(
        spans.map(({ name, kind }: { name: string; kind: string }) => [name, kind]),
        [["send email_queue", "PRODUCER"], ["process email_queue", "CONSUMER"]],
      );
      assert.equal(spans[0].localEndpoint.serviceName, "hammerwork-jobs");
      assert.equal(spans[0].tags["messaging.message.conversation_id"], "order-12345");
    });
  });

  test("DataDog: its own intake is refused, with the two ways that work", async () => {
    const options = { serviceName: "hammerwork-jobs", environment: "production" };
    await assert.rejects(
      init({ ...options, otlpEndpoint: "https://trace.agent.datadoghq.com:4318" }),
      { name: "RangeError", message: /http:\/\/localhost:4318 \(a Datadog agent .* dd-api-key/ },
    );
    const collector = await openCollector();
    const tracing = await init({
      ...options,
      otlpEndpoint: collector.endpoint,
      otlpHeaders: { "dd-api-key": "0123456789abcdef" },
    });
    await runOneJob(tracing);
    const [request] = await collector.received();
    assert.equal(request!.headers["dd-api-key"], "0123456789abcdef");
    assert.equal(
      (await collector.spans())[0]!.resource["deployment.environment.name"],
      "production",
    );
  });
});
