import { SpanKind, SpanStatusCode } from "@opentelemetry/api";
import fc from "fast-check";
import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import {
  ConsoleProcessor,
  describeSpan,
} from "../../src/tracing/export/console/console_processor.ts";
import { openCollector } from "./collector.ts";
import { endTracing, init, printed, record } from "./init_tracing.ts";
import { spanNamed } from "./span_fixtures.ts";
import { controlCharacters, controlCharactersIn, controlText } from "./control_characters.ts";

afterEach(endTracing);

describe("a span on the console", () => {
  it("is one line: when, how long, how it went, what, its ids and what is said of it", () => {
    const text = describeSpan(spanNamed("process email_queue", {
      kind: SpanKind.CONSUMER,
      startTime: [1_700_000_000, 4_000_000],
      endTime: [1_700_000_000, 16_340_000],
      parentSpanContext: { traceId: "a".repeat(32), spanId: "c".repeat(16), traceFlags: 1 },
      attributes: {
        "messaging.system": "hammerwork",
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": "email_queue",
        "messaging.message.id": "550e8400-e29b-41d4-a716-446655440000",
        "messaging.message.conversation_id": "order 12345",
        "hammerwork.job.attempt": 1,
        "hammerwork.job.max_attempts": 3,
        "hammerwork.job.outcome": "completed",
        list: ["a", "b"],
      },
    }));
    assert.equal(
      text,
      "22:13:20.004Z    12.3 ms  ok     process email_queue  aaaaaaaaaaaa/bbbbbbbb < cccccccc  " +
        'job=550e8400-e29b-41d4-a716-446655440000 correlation_id="order 12345" attempt=1/3 ' +
        'outcome=completed list=["a","b"]',
    );
  });

  it("shows its events, links and errors below, where its name begins", () => {
    const text = describeSpan(spanNamed("process email_queue", {
      status: { code: SpanStatusCode.ERROR, message: "no such address" },
      events: [
        { name: "address found", time: [1_700_000_000, 1_200_000], attributes: { host: "mail" } },
        {
          name: "exception",
          time: [1_700_000_000, 2_000_000],
          attributes: {
            "exception.type": "TypeError",
            "exception.message": "no such address",
            "exception.stacktrace": "TypeError: no such address\n    at send (mail.ts:1:2)\n" +
              "    at b (b.ts:1:2)\n    at c (c.ts:1:2)\n    at d (d.ts:1:2)",
          },
        },
      ],
      links: [{
        context: { traceId: "d".repeat(32), spanId: "e".repeat(16), traceFlags: 1 },
        attributes: { why: "retry" },
      }],
    }));
    const [headline, ...below] = text.split("\n");
    assert.match(
      headline!,
      /^22:13:20\.000Z {5}1\.00 s {2}ERROR {2}process email_queue {2}a{12}\/b{8}$/,
    );
    const indent = " ".repeat(headline!.indexOf("process"));
    assert.deepEqual(
      below,
      [
        "+ 1.2 ms  address found  host=mail",
        "! TypeError: no such address",
        "    at send (mail.ts:1:2)",
        "    at b (b.ts:1:2)",
        "    at c (c.ts:1:2)",
        "> linked to dddddddddddd/eeeeeeee  why=retry",
      ].map((line) => indent + line),
    );
  });

  it("tells the status's own words where no exception does", () => {
    const status = { code: SpanStatusCode.ERROR, message: "refused" };
    assert.match(describeSpan(spanNamed("one", { status })), /\n +! refused$/);
  });

  it("can neither break the line nor write to the terminal, and is of bounded length", () => {
    const text = describeSpan(spanNamed("a\nb\u001b[2J\u0007", {
      attributes: {
        "\u001b[31mkey": "x\r\ny\u009b1m",
        long: "z".repeat(10_000),
        ...Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`key${i}`, i])),
      },
      status: { code: SpanStatusCode.ERROR, message: "m\u001b[0m\nn" },
    }));
    // deno-lint-ignore no-control-regex -- the very thing that must not be there
    assert.doesNotMatch(text.replaceAll("\n", ""), /[\u0000-\u001f\u007f-\u009f]/);
    assert.equal(text.split("\n").length, 2);
    assert.match(text, / and 90 more\n/);
    assert.ok(text.length < 1_000);
  });

  it("passes on no character that steers a terminal, wherever it is", () => {
    for (const text of [controlText, ...controlCharacters]) {
      const attributes = { [`a${text}b`]: `a${text}b`, list: [text], deep: { [text]: text } };
      const frames = `Error: ${text}\n    at a${text.replaceAll("\n", "")}b (${text})`;
      const exception = {
        "exception.type": text,
        "exception.message": text,
        "exception.stacktrace": frames,
      };
      const time = [1_700_000_000, 0] as const;
      const context = { traceId: text, spanId: text, traceFlags: 1 };
      const printed = describeSpan(spanNamed(text, {
        attributes,
        events: [{ name: text, time, attributes }, {
          name: "exception",
          time,
          attributes: exception,
        }],
        links: [{ context, attributes }],
        parentSpanContext: context,
        status: { code: SpanStatusCode.ERROR, message: `a${text}b` },
      }));
      assert.deepEqual(controlCharactersIn(printed), []);
    }
  });

  it("can be of anything", () => {
    const anything = fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true });
    fc.assert(fc.property(fc.string(), anything, (name, value) => {
      const attributes = { [name]: value };
      const event = { name, time: [1_700_000_000, 0] as const, attributes };
      const exception = { ...event, name: "exception", attributes: { "exception.message": value } };
      const text = describeSpan(spanNamed(name, { attributes, events: [event, exception] }));
      assert.equal(text.split("\n").length, 3);
    }));
  });

  it("shows times of every length, also none", () => {
    const lasting = (seconds: number, nanos: number) => {
      const endTime = [1_700_000_000 + seconds, nanos] as const;
      return describeSpan(spanNamed("one", { endTime })).slice(13, 26).trim().split("  ")[0];
    };
    assert.equal(lasting(0, 40_000), "0.0 ms");
    assert.equal(lasting(0, 250_000_000), "250 ms");
    assert.equal(lasting(75, 0), "1.3 min");
    assert.match(describeSpan(spanNamed("one", { startTime: [NaN, 0] })), /^--:--:--\.---Z +\? ms/);
  });
});

describe("the console exporter", () => {
  it("prints every span with console.log when it ends, beside an endpoint", async () => {
    const { endpoint, ...collector } = await openCollector();
    const lines = await printed(async () => {
      const tracing = await init({ consoleExporter: true, otlpEndpoint: endpoint });
      record("one");
      record("two");
      await tracing.shutdown();
    });
    assert.deepEqual(lines.map((line) => / ok +(\w+) /.exec(line)?.[1]), ["one", "two"]);
    assert.equal((await collector.spans()).length, 2);
  });

  it("is silent unless it is asked for", async () => {
    assert.deepEqual(
      await printed(async () => {
        for (const options of [{}, { consoleExporter: false }]) {
          const tracing = await init(options);
          record("one");
          await tracing.shutdown();
        }
      }),
      [],
    );
  });

  it("shows a job that failed and was tried again", async () => {
    const lines = await printed(async () => {
      const tracing = await init({ consoleExporter: true });
      const queue = new JobQueue({ store: memory() });
      await queue.enqueue("email_queue", {}, { backoff: { type: "fixed", delayMs: 0 } });
      const worker = queue.worker("email_queue", ({ attempts }) => {
        if (attempts === 1) throw new TypeError("no such address");
      });
      for (let i = 0; i < 5; i++) await worker.tick();
      await tracing.shutdown();
    });
    const [send, failed, completed] = lines;
    assert.equal(lines.length, 3);
    assert.match(send!, / ok +send email_queue /);
    assert.match(
      failed!,
      / ERROR +process email_queue .* attempt=1\/3 .*\n +! TypeError: no such address/,
    );
    assert.match(completed!, / ok +process email_queue .* attempt=2\/3 /);
  });

  it("prints no span that is not sampled, and outlives a terminal that is gone", () => {
    let printed = 0;
    const processor = new ConsoleProcessor(() => {
      printed++;
      throw new Error("EPIPE");
    });
    const spanContext = { traceId: "a".repeat(32), spanId: "b".repeat(16), traceFlags: 0 };
    processor.onEnd(spanNamed("unsampled", { spanContext: () => spanContext }));
    processor.onEnd(spanNamed("sampled"));
    assert.equal(printed, 1);
  });
});
