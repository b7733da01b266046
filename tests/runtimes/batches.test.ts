import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { type BatchLimits, BatchProcessor } from "../../src/tracing/export/batch_processor.ts";
import type { Deadline } from "../../src/timers.ts";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { newSender, type SendResult } from "../../src/tracing/export/sender.ts";
import { SpanQueue } from "../../src/tracing/export/span_queue.ts";
import { otlp } from "../../src/tracing/export/otlp/protocol.ts";
import { openCollector } from "./collector.ts";
import { keepAlive } from "./keep_alive.ts";
import { CLOSED_ENDPOINT, spanNamed } from "./span_fixtures.ts";

const turn = (ms = 1) => new Promise((resolve) => setTimeout(resolve, ms));
const all: BatchProcessor[] = [];

afterEach(async () => {
  await keepAlive(() => Promise.all(all.splice(0).map((processor) => processor.shutdown())));
});

interface Held {
  readonly names: readonly string[];
  readonly deadline: Deadline;
  readonly end: (sent?: SendResult) => void;
}

/** A processor that hands its batches to the test, which says when and how each ends. */
function newHolding(limits: BatchLimits = {}) {
  const held: Held[] = [];
  const reports: string[] = [];
  const send = (spans: readonly ReadableSpan[], deadline: Deadline) =>
    new Promise<SendResult>((resolve) => {
      const names = spans.map(({ name }) => name);
      held.push({ names, deadline, end: (sent = { lostSpans: 0 }) => resolve(sent) });
      deadline.signal.addEventListener("abort", () => resolve({ lostSpans: spans.length }));
    });
  const warn = (message: string) => reports.push(message);
  const processor = new BatchProcessor(send, warn, { timeoutMs: 200, ...limits });
  all.push(processor);
  return { processor, held, reports };
}

function record(processor: BatchProcessor, count: number, from = 0): void {
  for (let i = from; i < from + count; i++) processor.onEnd(spanNamed(`${i}`));
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turn();
}

describe("a batch", () => {
  it("leaves when its delay is over, with all that came meanwhile", async () => {
    const { processor, held } = newHolding({ scheduleDelayMs: 10 });
    record(processor, 3);
    assert.equal(held.length, 0);
    await until(() => held.length > 0);
    assert.deepEqual(held.map(({ names }) => names), [["0", "1", "2"]]);
    record(processor, 1, 3);
    await until(() => held.length > 1);
    assert.deepEqual(held[1]!.names, ["3"]);
  });

  it("leaves soon when it is full, and never in the turn of the span that fills it", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 4 });
    record(processor, 6);
    assert.equal(held.length, 0);
    await until(() => held.length > 0);
    assert.deepEqual(held.map(({ names }) => names), [["0", "1", "2", "3"]]);
    record(processor, 2, 6);
    await until(() => held.length > 1);
    assert.deepEqual(held[1]!.names, ["4", "5", "6", "7"]);
  });

  it("is no larger than the queue", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 9, maxQueueSize: 2 });
    record(processor, 2);
    await until(() => held.length > 0);
    assert.deepEqual(held[0]!.names, ["0", "1"]);
  });

  it("holds no span that is not sampled", async () => {
    const { processor, held } = newHolding();
    const spanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 0 };
    processor.onEnd(spanNamed("recorded only", { spanContext: () => spanContext }));
    await processor.forceFlush();
    assert.equal(held.length, 0);
  });

  it("waits for a place when six are on their way", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 2 });
    record(processor, 20);
    const flushed = keepAlive(() => processor.forceFlush());
    assert.equal(held.length, 6);
    held[0]!.end();
    await until(() => held.length === 7);
    assert.deepEqual(held[6]!.names, ["12", "13"]);
    held.forEach(({ end }) => end());
    while (held.length < 10) await turn(), held.forEach(({ end }) => end());
    held.forEach(({ end }) => end());
    await flushed;
    assert.equal(processor.losses.count, 0);
  });
});

describe("a flush", () => {
  it("waits for what was on its way before it, and for nothing that comes after", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 1 });
    record(processor, 1);
    await until(() => held.length === 1);
    let isFlushed = false;
    const flushed = keepAlive(() => processor.forceFlush()).then(() => isFlushed = true);
    record(processor, 1, 1);
    await until(() => held.length === 2);
    assert.equal(isFlushed, false);
    held[0]!.end();
    await flushed;
    assert.equal(held.length, 2);
  });

  it("of nothing is over at once", async () => {
    await newHolding().processor.forceFlush();
  });

  it("ends with its time when nothing ends, and what it could not send stays queued", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 1, timeoutMs: 30 });
    record(processor, 8);
    await keepAlive(() => processor.forceFlush());
    assert.ok(held.length >= 6);
    assert.ok(processor.losses.count >= 6);
  });
});

describe("the queue", () => {
  /** Six full batches of two on their way for longer than a turn: then no more are begun. */
  async function takeAllPlaces(processor: BatchProcessor, held: readonly Held[]) {
    for (let i = 0; i < 6; i++) {
      record(processor, 2, -100);
      await until(() => held.length > i);
    }
  }

  it("sends in a burst what it has no room for, though no turn is given in between", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 4, maxQueueSize: 10 });
    record(processor, 100);
    assert.equal(processor.losses.count, 0);
    const flushed = keepAlive(() => processor.forceFlush());
    held.forEach(({ end }) => end());
    await until(() => held.flatMap(({ names }) => names).length === 100);
    held.forEach(({ end }) => end());
    await flushed;
    const names = held.flatMap(({ names }) => names);
    assert.deepEqual(names, Array.from({ length: 100 }, (_, i) => `${i}`));
    assert.equal(processor.losses.count, 0);
  });

  it("sends no more than 64 batches in one turn, and drops the oldest of the rest", async () => {
    const { processor, held } = newHolding({ maxBatchSize: 2, maxQueueSize: 4 });
    record(processor, 1_000);
    assert.equal(held.length, 64);
    assert.equal(processor.losses.count, 1_000 - 64 * 2 - 4);
    // While they are on their way, the next turn begins no more.
    await turn();
    record(processor, 10, 1_000);
    assert.equal(held.length, 64);
    held.forEach(({ end }) => end());
    await until(() => held.length >= 66);
    assert.deepEqual(held.slice(64).map(({ names }) => names), [["1006", "1007"], [
      "1008",
      "1009",
    ]]);
    held.forEach(({ end }) => end());
  });

  it("drops the oldest, counts them, and says so once with their number", async () => {
    const { processor, held, reports } = newHolding({ maxBatchSize: 2, maxQueueSize: 4 });
    await takeAllPlaces(processor, held);
    record(processor, 10);
    assert.equal(processor.losses.count, 6);
    assert.deepEqual(reports, []);
    held.forEach(({ end }) => end());
    const flushed = keepAlive(() => processor.forceFlush());
    await until(() => held.length === 8);
    assert.deepEqual(held.slice(6).map(({ names }) => names), [["6", "7"], ["8", "9"]]);
    held.forEach(({ end }) => end());
    await flushed;
    assert.deepEqual(reports, ["Spans were lost (6): more came than could be sent"]);
  });

  it("says a number that holds what was dropped while a batch failed", async () => {
    const { processor, held, reports } = newHolding({ maxBatchSize: 2, maxQueueSize: 2 });
    await takeAllPlaces(processor, held);
    record(processor, 5);
    held[0]!.end({ lostSpans: 2, message: "The collector is down" });
    await until(() => reports.length > 0);
    assert.deepEqual(reports, ["Spans were lost (5): The collector is down"]);
    assert.equal(processor.losses.count, 5);
    held.forEach(({ end }) => end());
  });

  it("stays as it is however many come, with the newest in order", () => {
    const queue = new SpanQueue(3);
    const take = (count: number) => queue.take(count).map(({ name }) => name);
    let dropped = 0;
    for (let i = 0; i < 1_000; i++) if (queue.add(spanNamed(`${i}`))) dropped++;
    assert.equal(dropped, 997);
    assert.equal(queue.length, 3);
    assert.deepEqual(take(2), ["997", "998"]);
    queue.add(spanNamed("last"));
    assert.deepEqual(take(9), ["999", "last"]);
    assert.deepEqual(take(9), []);
    assert.deepEqual([queue.added, queue.removed], [1_001, 1_001]);
  });
});

describe("a shutdown", () => {
  it("sends what is held, takes nothing more, and may be asked for twice", async () => {
    const { processor, held } = newHolding();
    record(processor, 1);
    const ended = keepAlive(() => processor.shutdown());
    held[0]!.end();
    await ended;
    record(processor, 1, 1);
    await processor.shutdown();
    assert.deepEqual(held.map(({ names }) => names), [["0"]]);
  });

  it("counts what it had no time for", async () => {
    const { processor, held, reports } = newHolding({ maxBatchSize: 1, timeoutMs: 20 });
    record(processor, 40);
    await keepAlive(() => processor.shutdown());
    assert.equal(processor.losses.count, 40);
    assert.ok(held.length < 40);
    assert.equal(reports.length, 1);
  });
});

describe("many exports at once", () => {
  const newProcessor = (url: string, limits: BatchLimits) => {
    const send = newSender({ url, protocol: otlp, retryDelayMs: 2 });
    const processor = new BatchProcessor(send, () => {}, { maxBatchSize: 1, ...limits });
    all.push(processor);
    return processor;
  };

  it("lose nothing", async () => {
    const collector = await openCollector();
    const processor = newProcessor(`${collector.endpoint}/v1/traces`, { timeoutMs: 4_000 });
    record(processor, 40);
    await keepAlive(() => processor.forceFlush());
    const arrived = (await collector.spans()).map(({ name }) => Number(name));
    assert.deepEqual(arrived.sort((a, b) => a - b), Array.from({ length: 40 }, (_, i) => i));
    assert.equal(processor.losses.count, 0);
  });

  it("open no more than six connections", async () => {
    const realFetch = globalThis.fetch;
    let [open, most] = [0, 0];
    globalThis.fetch = (async () => {
      most = Math.max(most, ++open);
      await turn(5);
      open--;
      return new Response("{}");
    }) as typeof fetch;
    try {
      const processor = newProcessor(CLOSED_ENDPOINT, {});
      record(processor, 20);
      await keepAlive(() => processor.forceFlush());
      assert.equal(most, 6);
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("all end at their deadline when the collector never answers", async () => {
    const collector = await openCollector();
    await collector.answerWith({ hang: true, times: 6 });
    const processor = newProcessor(`${collector.endpoint}/v1/traces`, { timeoutMs: 80 });
    record(processor, 9);
    await keepAlive(() => processor.shutdown());
    assert.equal(processor.losses.count, 9);
  });
});

describe("where timers and requests die with what began them, as in workerd", () => {
  it("the next span sets a new timer in place of one that never came", async () => {
    const { processor, held } = newHolding({ scheduleDelayMs: 1 });
    const realSetTimeout = globalThis.setTimeout;
    globalThis.setTimeout = (() => {
      throw new Error("Disallowed operation called within global scope");
    }) as unknown as typeof setTimeout;
    try {
      record(processor, 1);
    } finally {
      globalThis.setTimeout = realSetTimeout;
    }
    record(processor, 1, 1);
    await until(() => held.length > 0);
    assert.deepEqual(held[0]!.names, ["0", "1"]);
  });

  it("a batch that never ends is given up, counted, and holds no place", async () => {
    const reports: string[] = [];
    let begun = 0;
    const send = () => (begun++, new Promise<SendResult>(() => {}));
    const warn = (message: string) => reports.push(message);
    const processor = new BatchProcessor(send, warn, { maxBatchSize: 1, timeoutMs: 10 });
    record(processor, 6);
    await keepAlive(() => processor.forceFlush());
    await turn(20);
    record(processor, 1, 6);
    void processor.forceFlush();
    assert.equal(begun, 7);
    assert.equal(processor.losses.count, 6);
    assert.deepEqual(reports, [
      "Spans were lost (1): the request that was to send them ended first: pass forceFlush() to " +
      "waitUntil",
    ]);
  });
});
