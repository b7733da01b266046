/** Real platforms, each where its address is given; compose.yaml says how to start them. */

import assert from "node:assert/strict";
import process from "node:process";
import { describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { runWorkflow, serviceName } from "./run_workflow.ts";

const { JAEGER_URL, ZIPKIN_URL, OTEL_COLLECTOR_URL, DATADOG_AGENT_URL } = process.env;

/** Why a test is skipped, if it is. */
const without = (url: string | undefined, name: string) =>
  url ? {} : { skip: `${name} is not set` };

// A platform may take a while to show what it has taken.
const SHOWN_WITHIN_MS = 20_000;
const timeout = 2 * SHOWN_WITHIN_MS;

/** Asks until the platform shows as many spans as there are, and gives their names, sorted. */
async function namesShown(count: number, ask: () => Promise<readonly string[]>): Promise<string[]> {
  const until = Date.now() + SHOWN_WITHIN_MS;
  let names = await ask();
  while (names.length < count && Date.now() < until) {
    await sleep(20);
    names = await ask();
  }
  return [...names].sort();
}

async function json(url: string): Promise<unknown> {
  const response = await fetch(url);
  // Not shown yet.
  if (response.status === 404) return undefined;
  assert.equal(response.status, 200, url);
  return await response.json();
}

describe("a workflow's trace is read back from", { timeout }, () => {
  it("Jaeger, which gets OTLP on port 4318", without(JAEGER_URL, "JAEGER_URL"), async () => {
    const { protocol, hostname } = new URL(JAEGER_URL!);
    const { traceId, spanNames } = await runWorkflow(`${protocol}//${hostname}:4318`);
    const shown = await namesShown(spanNames.length, async () => {
      const answer = await json(new URL(`/api/traces/${traceId}`, JAEGER_URL).href) as
        | { data: { spans: { operationName: string }[] }[] }
        | undefined;
      return (answer?.data ?? []).flatMap(({ spans }) =>
        spans.map(({ operationName }) => operationName)
      );
    });
    assert.deepEqual(shown, spanNames);
  });

  it("Zipkin, which gets its own format", without(ZIPKIN_URL, "ZIPKIN_URL"), async () => {
    const { traceId, spanNames } = await runWorkflow(new URL("/api/v2/spans", ZIPKIN_URL).href);
    let services: (string | undefined)[] = [];
    const shown = await namesShown(spanNames.length, async () => {
      const spans = (await json(new URL(`/api/v2/trace/${traceId}`, ZIPKIN_URL).href) ?? []) as {
        name: string;
        localEndpoint?: { serviceName?: string };
      }[];
      services = spans.map(({ localEndpoint }) => localEndpoint?.serviceName);
      return spans.map(({ name }) => name);
    });
    assert.deepEqual(shown, spanNames);
    assert.deepEqual(new Set(services), new Set([serviceName]));
  });
});

describe("a workflow's trace is accepted by", { timeout }, () => {
  it(
    "an OpenTelemetry Collector",
    without(OTEL_COLLECTOR_URL, "OTEL_COLLECTOR_URL"),
    async () => void await runWorkflow(OTEL_COLLECTOR_URL!),
  );

  it(
    "a Datadog agent with its OTLP receiver switched on",
    without(DATADOG_AGENT_URL, "DATADOG_AGENT_URL"),
    async () => void await runWorkflow(DATADOG_AGENT_URL!),
  );
});
