import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { otlp } from "../../src/tracing/export/otlp/protocol.ts";
import { endpointFrom, exactEndpoint } from "../../src/tracing/destination.ts";
import { zipkin } from "../../src/tracing/export/zipkin/protocol.ts";

const DATADOG =
  "otlpEndpoint must be http://localhost:4318 (a Datadog agent with its OTLP receiver " +
  "switched on) or Datadog's OTLP intake for your site with the header dd-api-key: got " +
  '"…", which takes no OTLP';

describe("an endpoint", () => {
  it("that is a base gets /v1/traces", () => {
    const expected = {
      "http://localhost:4318": "http://localhost:4318/v1/traces",
      "http://localhost:4318/": "http://localhost:4318/v1/traces",
      "https://otel.example/otlp": "https://otel.example/otlp/v1/traces",
      "https://otel.example/otlp//": "https://otel.example/otlp/v1/traces",
      "https://otel.example/otlp?tenant=7": "https://otel.example/otlp/v1/traces?tenant=7",
      "http://localhost:4318/v1/traces": "http://localhost:4318/v1/traces",
      "http://localhost:4318/v1/traces/": "http://localhost:4318/v1/traces",
      "http://[::1]:4318": "http://[::1]:4318/v1/traces",
    };
    for (const [endpoint, url] of Object.entries(expected)) {
      assert.deepEqual(endpointFrom(endpoint, "otlpEndpoint"), { url, protocol: otlp });
    }
  });

  it("for traces alone is taken as it is", () => {
    const expected = {
      "http://localhost:4318/intake": "http://localhost:4318/intake",
      "http://localhost:4318": "http://localhost:4318/",
    };
    for (const [endpoint, url] of Object.entries(expected)) {
      assert.deepEqual(exactEndpoint(endpoint, "X"), { url, protocol: otlp });
    }
  });

  it("that can never work is refused with the form that works", () => {
    const sentences = {
      "http://jaeger:4317": "otlpEndpoint must be an OTLP/HTTP address such as " +
        'http://jaeger:4318: got "http://jaeger:4317", and 4317 is the port of OTLP/gRPC, ' +
        "which fetch cannot speak",
      "https://trace.agent.datadoghq.com:4318": DATADOG.replace(
        "…",
        "https://trace.agent.datadoghq.com:4318",
      ),
      "localhost:4318": "otlpEndpoint must be an http or https URL such as " +
        'http://localhost:4318: got "localhost:4318"',
      "": 'otlpEndpoint must be an http or https URL such as http://localhost:4318: got ""',
      "grpc://jaeger:4317": "otlpEndpoint must be an http or https URL such as " +
        'http://localhost:4318: got "grpc://jaeger:4317"',
      "http://me:secret@otel.example?key=secret": "otlpEndpoint must hold no user or password, " +
        'send them as a header: got "http://…@otel.example?…"',
    };
    for (const [endpoint, message] of Object.entries(sentences)) {
      assert.throws(() => endpointFrom(endpoint, "otlpEndpoint"), { name: "RangeError", message });
      const named = message.replace("otlpEndpoint", "X");
      assert.throws(() => exactEndpoint(endpoint, "X"), { name: "RangeError", message: named });
    }
  });

  it("that ends like Zipkin's own gets Zipkin's format, any other on its port OTLP", () => {
    const url = "http://zipkin:9411/api/v2/spans";
    assert.deepEqual(endpointFrom(url, "otlpEndpoint"), { url, protocol: zipkin });
    assert.deepEqual(endpointFrom(`${url}/`, "otlpEndpoint"), { url, protocol: zipkin });
    assert.deepEqual(exactEndpoint(url, "X"), { url, protocol: zipkin });
    const traces = "http://zipkin:9411/v1/traces";
    for (const endpoint of ["http://zipkin:9411", traces]) {
      assert.deepEqual(endpointFrom(endpoint, "otlpEndpoint"), { url: traces, protocol: otlp });
    }
  });

  it("of Datadog's own is refused on every site, and an agent or an intake is not", () => {
    for (
      const host of [
        "trace.agent.datadoghq.com",
        "trace.agent.datadoghq.eu",
        "trace.agent.us5.datadoghq.com",
        "trace.agent.ap1.datadoghq.com",
        "trace.agent.ddog-gov.com",
        "TRACE.AGENT.DATADOGHQ.COM",
      ]
    ) {
      assert.throws(() => endpointFrom(`https://${host}`, "otlpEndpoint"), {
        message: /takes no OTLP$/,
      });
    }
    for (const host of ["localhost:4318", "intake.datadoghq.com", "trace.agent.example.com"]) {
      assert.equal(endpointFrom(`https://${host}`, "X").url, `https://${host}/v1/traces`);
    }
  });
});
