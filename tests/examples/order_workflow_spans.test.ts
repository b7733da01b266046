/** With the address of a collector in the environment, the order workflow exports its spans to it. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { type Received, startCollector } from "../collector.ts";
import { newFolder, runOrders } from "./run_order_workflow.ts";

const timeout = 60_000;

test("the spans of each order arrive at a collector as one trace", { timeout }, async (t) => {
  const collector = await startCollector();
  t.after(() => collector.close());
  const box = `${collector.url}/sample`;
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: box };
  const folder = newFolder();
  const { stderr } = await runOrders({ folder, environment });
  assert.equal(stderr, "");
  const received = await (await fetch(box)).json() as Received[];
  await runOrders({ folder, environment });
  const again = await (await fetch(box)).json() as Received[];
  assert.equal(again.length, received.length, "the same orders again are no traces");
  assert.ok(received.every(({ path }) => path === "/v1/traces"));
  const names = new Map<string, { traceIds: Set<string>; processed: string[] }>();
  for (const span of received.flatMap(({ body }) => spansIn(body))) {
    const id = span.attributes.find(({ key }) => key === "messaging.message.conversation_id")
      ?.value.stringValue ?? "";
    const one = names.get(id) ?? { traceIds: new Set(), processed: [] };
    names.set(id, one);
    one.traceIds.add(span.traceId);
    if (span.name.startsWith("process ")) one.processed.push(span.name);
  }
  const workflow = ["process email_queue", "process inventory_queue", "process payment_queue"];
  for (let n = 1001; n <= 1012; n++) {
    const { traceIds, processed } = names.get(`order-${n}`)!;
    assert.equal(traceIds.size, 1, `order-${n} has one trace`);
    // Where a payment was retried it was processed twice.
    const expected = n === 1007 ? ["process payment_queue"] : workflow;
    assert.deepEqual([...new Set(processed)].sort(), expected);
  }
  const imported = names.get("import-8bde954a")!;
  assert.equal(imported.traceIds.size, 1);
  assert.equal(imported.processed.length, 11);
});

interface Span {
  readonly name: string;
  readonly traceId: string;
  readonly attributes: readonly { key: string; value: { stringValue?: string } }[];
}

function spansIn(body: string): Span[] {
  const { resourceSpans } = JSON.parse(body) as {
    resourceSpans: { scopeSpans: { spans: Span[] }[] }[];
  };
  return resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans));
}

test("a collector that is not there costs spans, and no job", { timeout }, async () => {
  const environment = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1" };
  const { exitCode, stdout, stderr } = await runOrders({ folder: newFolder(), environment });
  assert.match(stdout, /^47 jobs done in /m);
  assert.match(stderr, /^Spans were lost \(\d+\): /);
  assert.equal(exitCode, 0);
});
