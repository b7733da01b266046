/** "Setup", "Troubleshooting" and "Performance Considerations", block by block. */

import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { openCollector } from "../runtimes/collector.ts";
import { endTracing, init, printed, serviceIn, warningsOf } from "../runtimes/init_tracing.ts";

afterEach(endTracing);

/** One job, enqueued and run. */
async function runOneJob(): Promise<string> {
  const queue = new JobQueue<{ email_queue: { to: string } }>({ store: memory() });
  const { traceId } = await queue.enqueue("email_queue", { to: "user@example.com" });
  await queue.worker("email_queue", () => {}).tick();
  return traceId;
}

describe("the specification on setting tracing up", () => {
  test("Enable Tracing Feature: it is an entry of its own, and nothing else needs it", async () => {
    const hammerwork = await import("../../mod.ts");
    const tracing = await import("../../src/tracing.ts");
    assert.ok(!("initTracing" in hammerwork));
    assert.equal(typeof tracing.initTracing, "function");
    assert.match(await runOneJob(), /^[0-9a-f]{32}$/, "without it ids are made all the same");
  });

  test("Initialize Tracing", async () => {
    const collector = await openCollector();

    // Configure distributed tracing, and initialize it
    const tracing = await init({
      serviceName: "job-processor",
      serviceVersion: "1.0.0",
      environment: "production",
      otlpEndpoint: collector.endpoint,
    });

    // Your application code here
    const traceId = await runOneJob();

    await tracing.shutdown();
    const spans = await collector.spans();
    assert.deepEqual(spans.map((span) => span.traceId), [traceId, traceId]);
    assert.deepEqual(serviceIn(spans[0]!.resource), {
      "service.name": "job-processor",
      "service.version": "1.0.0",
      "deployment.environment.name": "production",
    });
  });

  test("Configuration Options", async () => {
    const collector = await openCollector();
    const lines = await printed(async () => {
      const tracing = await init({
        serviceName: "my-service", // Service name in traces
        serviceVersion: "1.2.0", // Service version
        environment: "staging", // Environment (dev, staging, prod)
        otlpEndpoint: collector.endpoint, // OTLP endpoint for trace export
        consoleExporter: true, // Enable console output for debugging
        resourceAttributes: { // Custom resource attributes
          team: "data-platform",
          component: "job-processor",
        },
      });
      await runOneJob();
      await tracing.shutdown();
    });
    const [span] = await collector.spans();
    assert.deepEqual(serviceIn(span!.resource), {
      "service.name": "my-service",
      "service.version": "1.2.0",
      "deployment.environment.name": "staging",
      team: "data-platform",
      component: "job-processor",
    });
    assert.match(lines.join("\n"), /send email_queue .*\n.*process email_queue/s);
  });

  test("Troubleshooting 4, Export Failures: a dead collector fails no job, and is reported", async () => {
    let dropped = 0;
    const warnings = await warningsOf(async () => {
      // Nothing listens there, and fetch does not refuse the port by itself.
      const options = { otlpEndpoint: "http://127.0.0.1:49151", exportTimeoutMs: 50 };
      const tracing = await init(options);
      await runOneJob();
      await tracing.forceFlush();
      dropped = tracing.droppedSpans;
    });
    assert.equal(dropped, 2);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0]!,
      /^Spans were lost \(2\): The collector at http:\/\/127\.0\.0\.1:49151/,
    );
  });

  test("Debug Mode", async () => {
    let traceId = "";
    const lines = await printed(async () => {
      const tracing = await init({
        serviceName: "debug-service",
        consoleExporter: true,
      });
      traceId = await runOneJob();
      await tracing.shutdown();
    });
    assert.equal(lines.length, 2);
    for (const line of lines) assert.ok(line.includes(traceId.slice(0, 12)), line);
  });

  test("Sampling", async () => {
    const collector = await openCollector();
    const tracing = await init({
      serviceName: "high-throughput-service",
      otlpEndpoint: collector.endpoint,
      samplingRatio: 0.1, // Sample 10% of traces
    });
    const queue = new JobQueue<{ email_queue: number }>({ store: memory() });
    for (let i = 0; i < 1_000; i++) await queue.enqueue("email_queue", i);
    const { completed } = await queue.worker("email_queue", () => {}).tick();
    assert.equal(completed, 1_000);
    await tracing.forceFlush();
    const spans = await collector.spans();
    const traces = new Set(spans.map(({ traceId }) => traceId));
    // Of a thousand with one in ten, fewer than 40 or more than 180 come once in 10^10 runs.
    assert.ok(traces.size > 40 && traces.size < 180, `${traces.size} traces of 1,000`);
    assert.equal(spans.length, 2 * traces.size, "a sampled trace is whole");
  });
});
