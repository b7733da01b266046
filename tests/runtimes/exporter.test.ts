import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { deadlineIn } from "../../src/timers.ts";
import { Losses } from "../../src/tracing/export/losses.ts";
import type { ReadableSpan } from "../../src/tracing/export/readable_span.ts";
import { type Destination, newSender } from "../../src/tracing/export/sender.ts";
import { otlp } from "../../src/tracing/export/otlp/protocol.ts";
import { openCollector } from "./collector.ts";
import { keepAlive } from "./keep_alive.ts";
import { CLOSED_ENDPOINT, spanNamed } from "./span_fixtures.ts";
import { spansIn } from "./otlp_spans.ts";

/** A sender that tries again soon, with everything that is said of what it loses. */
function newExporter(
  { endpoint, timeoutMs = 2_000, ...options }: Partial<Destination> & {
    endpoint?: string;
    timeoutMs?: number;
  },
) {
  const reports: string[] = [];
  const losses = new Losses((message) => reports.push(message));
  const url = `${endpoint}/v1/traces`;
  const send = newSender({ url, protocol: otlp, retryDelayMs: 2, ...options });
  /** Exports and waits; the exporter's own timers keep no process alive. */
  const exported = (...spans: ReadableSpan[]) =>
    keepAlive(async () => {
      const sent = await send(spans, deadlineIn(timeoutMs));
      losses.batchEnded(sent);
      return sent;
    });
  return { exported, losses, reports };
}

describe("an export", () => {
  it("posts JSON with the headers it was given", async () => {
    const collector = await openCollector();
    const { exported, reports } = newExporter({
      ...collector,
      headers: { "x-api-key": "abc", "Content-Type": "text/plain" },
    });
    assert.deepEqual(await exported(spanNamed("one")), { lostSpans: 0 });
    const [request] = await collector.received();
    assert.equal(request!.path, "/v1/traces");
    assert.equal(request!.headers["content-type"], "application/json");
    assert.equal(request!.headers["x-api-key"], "abc");
    assert.deepEqual((await collector.spans()).map(({ name }) => name), ["one"]);
    assert.deepEqual(reports, []);
  });

  it("is repeated as it was after 429, 502, 503 and 504", async () => {
    const collector = await openCollector();
    await collector.answerWith(...[429, 502, 503, 504].map((status) => ({ status })));
    const { exported } = newExporter(collector);
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    const bodies = (await collector.received()).map(({ body }) => body);
    assert.equal(bodies.length, 5);
    assert.equal(new Set(bodies).size, 1);
  });

  it("waits as long as Retry-After says", async () => {
    const collector = await openCollector();
    await collector.answerWith({ status: 503, headers: { "retry-after": "1" } });
    const { exported } = newExporter(collector);
    const startedMs = performance.now();
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.ok(performance.now() - startedMs >= 990);
  });

  it("goes on at once after a Retry-After of zero, or of a date that has passed", async () => {
    const collector = await openCollector();
    await collector.answerWith(
      { status: 503, headers: { "retry-after": "0" } },
      { status: 429, headers: { "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" } },
      { status: 429, headers: { "retry-after": "soon" } },
    );
    const { exported } = newExporter({ ...collector, timeoutMs: 4_000 });
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.equal((await collector.received()).length, 4);
  });

  it("gives up at once when Retry-After is beyond its deadline", async () => {
    const collector = await openCollector();
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    for (const retryAfter of ["3600", inAnHour]) {
      await collector.answerWith({ status: 503, headers: { "retry-after": retryAfter } });
      const { exported } = newExporter(collector);
      const { lostSpans, message } = await exported(spanNamed("one"));
      assert.equal(lostSpans, 1);
      assert.match(message!, /answered 503, and no time was left to try again$/);
    }
    assert.equal((await collector.received()).length, 2);
  });

  it("is not repeated after any other status, and says what the collector said", async () => {
    for (const status of [400, 401, 404, 500, 501]) {
      const collector = await openCollector();
      await collector.answerWith({ status, body: '{"message":"no such tenant"}' });
      const { exported, reports } = newExporter(collector);
      const { lostSpans, message } = await exported(spanNamed("one"));
      const expected = `The collector at ${collector.endpoint}/v1/traces answered ${status}: ` +
        "no such tenant";
      assert.equal(lostSpans, 1);
      assert.equal(message, expected);
      assert.deepEqual(reports, [`Spans were lost (1): ${expected}`]);
      assert.equal((await collector.received()).length, 1);
    }
  });

  describe("that is too large", () => {
    const eight = Array.from({ length: 8 }, (_, i) => spanNamed(`span ${i}`));
    const namesIn = (body: string) => spansIn(JSON.parse(body)).map(({ name }) => name);

    it("is halved until it is small enough, and what follows is no larger", async () => {
      const collector = await openCollector();
      await collector.answerWith({ status: 413 }, { status: 413 });
      const { exported, reports } = newExporter(collector);
      assert.deepEqual(await exported(...eight), { lostSpans: 0, message: undefined });
      const sizesOf = async () =>
        (await collector.received()).map(({ body }) => namesIn(body).length);
      assert.deepEqual(await sizesOf(), [8, 4, 2, 2, 2, 2]);
      assert.equal((await exported(...eight)).lostSpans, 0);
      assert.deepEqual((await sizesOf()).slice(6), [2, 2, 2, 2]);
      const names = (await collector.received()).slice(2, 6).flatMap(({ body }) => namesIn(body));
      assert.deepEqual(names, eight.map(({ name }) => name));
      assert.deepEqual(reports, []);
    });

    it("for one span loses that one, said once with its size", async () => {
      for (const compression of ["none", "gzip"] as const) {
        const collector = await openCollector();
        const answer = { status: 413, body: '{"message":"too large"}', largest: 5_000 };
        await collector.answerWith({ ...answer, times: 100 });
        const { exported, losses, reports } = newExporter({ ...collector, compression });
        const large = spanNamed("large", { attributes: { text: "x".repeat(20_000) } });
        for (let i = 0; i < 2; i++) await exported(...eight.slice(0, 5), large, ...eight.slice(5));
        assert.equal(losses.count, 2);
        assert.equal(reports.length, 1);
        assert.match(
          reports[0]!,
          /^Spans were lost \(1\): The collector at \S+ answered 413: too large, to one span of 20\d{3} bytes$/,
        );
        const arrived = (await collector.received())
          .filter(({ body }) => body.length <= answer.largest)
          .flatMap(({ body }) => namesIn(body));
        assert.deepEqual(arrived.sort(), [...eight, ...eight].map(({ name }) => name).sort());
      }
    });

    it("waits as long as Retry-After says, and not beyond its deadline", async () => {
      const collector = await openCollector();
      await collector.answerWith({ status: 413, headers: { "retry-after": "1" } });
      const startedMs = performance.now();
      const { exported } = newExporter(collector);
      assert.equal((await exported(...eight)).lostSpans, 0);
      assert.ok(performance.now() - startedMs >= 990);
      await collector.answerWith({ status: 413, headers: { "retry-after": "3600" } });
      const { lostSpans, message } = await newExporter(collector).exported(...eight);
      assert.equal(lostSpans, 8);
      assert.match(message!, /answered 413, and no time was left to send less at once$/);
      assert.equal((await collector.received()).length, 4);
    });

    it("ends at its deadline, and what was not sent by then is lost", async () => {
      const collector = await openCollector();
      await collector.answerWith({ status: 413 }, {}, { hang: true, times: 9 });
      const { exported } = newExporter({ ...collector, timeoutMs: 200 });
      const { lostSpans, message } = await exported(...eight);
      assert.equal(lostSpans, 4);
      assert.match(message!, /did not answer within 200 ms$/);
    });
  });

  it("of a span that cannot be written loses that one, and says why", async () => {
    const collector = await openCollector();
    const { exported, reports } = newExporter(collector);
    const spanContext = () => ({ traceId: "none", spanId: "b".repeat(16), traceFlags: 1 });
    const good = [spanNamed("one"), spanNamed("two")];
    assert.equal(
      (await exported(good[0]!, spanNamed("bad", { spanContext }), good[1]!)).lostSpans,
      1,
    );
    assert.deepEqual((await collector.spans()).map(({ name }) => name).sort(), ["one", "two"]);
    assert.deepEqual(reports, [
      'Spans were lost (1): An id must be 32 hex digits, not all zero: got "none"',
    ]);
  });

  it("does not follow a redirect, which would carry its headers elsewhere", async () => {
    const [collector, other] = [await openCollector(), await openCollector()];
    const location = `${other.endpoint}/v1/traces`;
    await collector.answerWith({ status: 307, headers: { location } });
    const { exported } = newExporter(collector);
    assert.equal((await exported(spanNamed("one"))).lostSpans, 1);
    assert.deepEqual(await other.received(), []);
  });

  it("is tried again until its deadline when the connection is refused", async () => {
    const { exported } = newExporter({ url: CLOSED_ENDPOINT, timeoutMs: 100, retryDelayMs: 10 });
    const realFetch = globalThis.fetch;
    let tries = 0;
    globalThis.fetch = ((...args: Parameters<typeof fetch>) => {
      tries++;
      return realFetch(...args);
    }) as typeof fetch;
    try {
      const { lostSpans, message } = await exported(spanNamed("one"));
      assert.equal(lostSpans, 1);
      assert.match(message!, /could not be reached|did not answer/);
      assert.ok(tries > 1);
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("ends at its deadline when the collector never answers", async () => {
    const collector = await openCollector();
    await collector.answerWith({ hang: true });
    const { exported } = newExporter({ ...collector, timeoutMs: 60 });
    const { lostSpans, message } = await exported(spanNamed("one"));
    assert.equal(lostSpans, 1);
    assert.match(message!, /did not answer within 60 ms$/);
  });

  it("is a success with any body of a 200, also garbage", async () => {
    const collector = await openCollector();
    const bodies = ["", "<html>", "[]", "null", "7", '{"partialSuccess":null}', "x".repeat(99_999)];
    await collector.answerWith(...bodies.map((body) => ({ body })));
    const { exported, reports } = newExporter(collector);
    for (const _ of bodies) assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.deepEqual(reports, []);
  });

  it("is not repeated after a partial success, which is reported once", async () => {
    const collector = await openCollector();
    const body = '{"partialSuccess":{"rejectedSpans":"1","errorMessage":"too old"}}';
    await collector.answerWith({ body }, { body });
    const { exported, losses, reports } = newExporter(collector);
    const message = `The collector at ${collector.endpoint}/v1/traces rejected 1 of 2: too old`;
    const two = [spanNamed("one"), spanNamed("two")];
    assert.deepEqual(await exported(...two), { lostSpans: 1, message });
    assert.deepEqual(await exported(...two), { lostSpans: 1, message });
    assert.deepEqual(reports, [`Spans were lost (1): ${message}`]);
    assert.equal(losses.count, 2);
    assert.equal((await collector.received()).length, 2);
  });

  it("passes on what a collector remarks although it took everything", async () => {
    const collector = await openCollector();
    const body = '{"partialSuccess":{"errorMessage":"s3cr3t-key ends soon"}}';
    await collector.answerWith({ body });
    const { exported, losses, reports } = newExporter({
      ...collector,
      headers: { "x-api-key": "s3cr3t-key" },
    });
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.equal(losses.count, 0);
    assert.deepEqual(reports, [
      `The collector at ${collector.endpoint}/v1/traces accepted all spans with a warning: ` +
      "… ends soon",
    ]);
  });

  it("counts no more as rejected than was sent, and nothing where no number is given", async () => {
    const collector = await openCollector();
    const counts = ['"99"', "99", "-1", '"x"', "null", "{}", "1.5"];
    await collector.answerWith(
      ...counts.map((count) => ({ body: `{"partialSuccess":{"rejectedSpans":${count}}}` })),
    );
    const { exported } = newExporter(collector);
    const lost: number[] = [];
    for (const _ of counts) lost.push((await exported(spanNamed("one"))).lostSpans);
    assert.deepEqual(lost, [1, 1, 0, 0, 0, 0, 1]);
  });

  it("reads every answer to its end, whatever it says, so that connections are given back", async () => {
    const realFetch = globalThis.fetch;
    try {
      for (const status of [200, 202, 400, 503]) {
        let isRead = false;
        const parts = ['{"par', 'tialSuccess"', ":{}}"];
        globalThis.fetch = (() => {
          const pull = (controller: ReadableStreamDefaultController) => {
            const part = parts.shift();
            if (part !== undefined) return controller.enqueue(new TextEncoder().encode(part));
            isRead = true;
            controller.close();
          };
          return Promise.resolve(new Response(new ReadableStream({ pull }), { status }));
        }) as typeof fetch;
        const { exported } = newExporter({
          url: CLOSED_ENDPOINT,
          timeoutMs: 30,
          retryDelayMs: 1_000,
        });
        await exported(spanNamed("one"));
        assert.ok(isRead, `${status}`);
      }
    } finally {
      globalThis.fetch = realFetch;
    }
  });

  it("reads no more of an answer than four megabytes", async () => {
    const collector = await openCollector();
    await collector.answerWith({ status: 400, bodyBytes: 9_000_000 });
    const { exported } = newExporter(collector);
    const { lostSpans, message } = await exported(spanNamed("one"));
    assert.equal(lostSpans, 1);
    assert.match(message!, /answered 400: x{200}…$/);
  });

  it("takes the status for the answer when the body breaks off", async () => {
    const collector = await openCollector();
    await collector.answerWith({ breakOff: true }, { status: 400, breakOff: true });
    const { exported } = newExporter(collector);
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.match((await exported(spanNamed("one"))).message!, /answered 400/);
  });

  it("is repeated when the connection ends without an answer", async () => {
    const collector = await openCollector();
    await collector.answerWith({ disconnect: true }, { disconnect: true });
    const { exported } = newExporter(collector);
    assert.equal((await exported(spanNamed("one"))).lostSpans, 0);
    assert.equal((await collector.received()).length, 3);
  });

  it("can be compressed", async () => {
    const collector = await openCollector();
    const { exported } = newExporter({ ...collector, compression: "gzip" });
    const spans = Array.from({ length: 200 }, (_, i) => spanNamed(`span ${i}`));
    assert.deepEqual(await exported(...spans), { lostSpans: 0 });
    const [request] = await collector.received();
    assert.equal(request!.headers["content-encoding"], "gzip");
    assert.ok(request!.bytes * 5 < request!.body.length, `${request!.bytes} bytes were sent`);
    assert.equal((await collector.spans()).length, 200);
  });

  it("is sent as it is where the runtime cannot compress", async () => {
    const real = globalThis.CompressionStream;
    const collector = await openCollector();
    try {
      globalThis.CompressionStream = undefined as unknown as typeof CompressionStream;
      const { exported } = newExporter({ ...collector, compression: "gzip" });
      assert.deepEqual(await exported(spanNamed("one")), { lostSpans: 0 });
    } finally {
      globalThis.CompressionStream = real;
    }
    const [request] = await collector.received();
    assert.equal(request!.headers["content-encoding"], undefined);
  });

  it("reports an outage once, and the next one again", async () => {
    const collector = await openCollector();
    const [bad, good] = [{ status: 400 }, { status: 200 }];
    await collector.answerWith(bad, bad, good, bad);
    const { exported, reports } = newExporter(collector);
    for (let i = 0; i < 4; i++) await exported(spanNamed("one"));
    assert.equal(reports.length, 2);
  });

  it("never shows a header's value, not even when the collector repeats it", async () => {
    const collector = await openCollector();
    await collector.answerWith({
      status: 401,
      body: "unknown key s3cr3t-key of Bearer s3cr3t-key",
    });
    const { exported, reports } = newExporter({
      ...collector,
      headers: { authorization: "Bearer s3cr3t-key" },
    });
    const { message } = await exported(spanNamed("one"));
    assert.match(message!, /answered 401: unknown key … of …$/);
    assert.doesNotMatch(reports.join(), /s3cr3t/);
    assert.throws(
      () => newExporter({ ...collector, headers: { "x-key": "s3cr3t\nkey" } }),
      (error: Error) => error instanceof TypeError && !error.message.includes("s3cr3t"),
    );
  });

  it("keeps its result when the one it reports to fails", () => {
    const losses = new Losses(() => {
      throw new Error("no logger");
    });
    losses.batchEnded({ lostSpans: 2, message: "The collector is down" });
    assert.equal(losses.count, 2);
  });
});
