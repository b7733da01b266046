import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { JobQueue, memory } from "../../mod.ts";
import { toJobError } from "../../src/job/thrown.ts";
import { recordSpans } from "./recorded_spans.ts";

/** The lines of a stack that say something; frames are as the engine writes them. */
function said(thrown: unknown): readonly string[] {
  const { stack = "" } = toJobError(thrown);
  return stack.split("\n").filter((line) => !/^\s*(at |.*@|$)/.test(line));
}

describe("what stands behind an error is kept in its stack", () => {
  it("its cause, and the cause of that", () => {
    const cause = new TypeError("terminated", { cause: new Error("other side closed") });
    const error = new Error("fetch failed", { cause });
    const { name, message } = toJobError(error);
    assert.deepEqual([name, message], ["Error", "fetch failed"]);
    assert.deepEqual(said(error), [
      "Error: fetch failed",
      "Caused by: TypeError: terminated",
      "Caused by: Error: other side closed",
    ]);
    assert.match(toJobError(error).stack!, /Caused by: TypeError: terminated\n +at /);
  });

  it("the errors of an AggregateError, also as a cause", () => {
    const errors = [new Error("connect ::1"), new Error("connect 127.0.0.1", { cause: "down" })];
    const error = new TypeError("fetch failed", { cause: new AggregateError(errors, "both") });
    assert.deepEqual(said(error), [
      "TypeError: fetch failed",
      "Caused by: AggregateError: both",
      "Error 1 of 2: Error: connect ::1",
      "Error 2 of 2: Error: connect 127.0.0.1",
      "    Caused by: down",
    ]);
  });

  it("the error that a failed disposal suppressed", () => {
    const error = Object.assign(new Error("An error was suppressed during disposal"), {
      name: "SuppressedError",
      error: new Error("close failed"),
      suppressed: new Error("the handler's own"),
    });
    assert.deepEqual(said(error).slice(1), [
      "At the disposal: Error: close failed",
      "Suppressed: Error: the handler's own",
    ]);
  });

  it("of an error without a stack too", () => {
    const error = Object.assign(new Error("no", { cause: { message: "why", code: 7 } }), {
      stack: undefined,
    });
    assert.deepEqual(toJobError(error), {
      name: "Error",
      message: "no",
      stack: "Error: no\nCaused by: NonError: why",
    });
  });

  it("within bounds of depth, count and length, and once in a circle", () => {
    let deep = new Error("0");
    for (let i = 1; i < 100; i++) deep = new Error(`${i}`, { cause: deep });
    assert.equal(said(deep).length, 9);
    const many = new AggregateError(Array.from({ length: 10_000 }, (_, i) => new Error(`${i}`)));
    assert.ok(said(many).length <= 21);
    assert.match(said(many)[1]!, /^Error 1 of 10000: Error: 0$/);
    const long = new Error("x".repeat(1e6), { cause: new Error("y".repeat(1e6)) });
    const { message, stack } = toJobError(long);
    assert.ok(message.length <= 8_001 && stack!.length <= 8_001);
    assert.match(stack!, /\nCaused by: .*yyy/s);
    const circle: Error & { cause?: unknown } = new Error("a");
    circle.cause = new Error("b", { cause: circle });
    assert.deepEqual(said(circle), [
      "Error: a",
      "Caused by: Error: b",
      "Caused by: an error that is shown above",
    ]);
  });

  it("and what cannot be read of it is left out", () => {
    const fails = () => {
      throw new Error("unreadable");
    };
    for (const key of ["cause", "errors", "stack", "suppressed"]) {
      const error = Object.defineProperty(new Error("no"), key, { get: fails });
      const kept = toJobError(error);
      assert.deepEqual([kept.name, kept.message], ["Error", "no"]);
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    assert.deepEqual(said(new Error("no", { cause: proxy })), [
      "Error: no",
      "Caused by: a value that cannot be read",
    ]);
    assert.equal(toJobError(proxy).message, "A value was thrown that cannot be read");
  });

  it("whatever is thrown, what is kept is small text that every store takes", () => {
    const text = fc.array(fc.constantFrom("a", "\0", "\ud800", "\udc00", "\n", "😀"), {
      maxLength: 20,
    })
      .map((parts) => parts.join(""));
    const value = fc.oneof(
      text,
      fc.bigInt(),
      fc.constantFrom(undefined, null, NaN, true, Symbol("s"), Object.create(null), []),
      fc.dictionary(text, text, { maxKeys: 3 }),
    );
    const errorOver = (behind: fc.Arbitrary<unknown>) =>
      fc.record({
        message: value,
        cause: fc.oneof(behind, value),
        errors: fc.oneof(fc.array(behind, { maxLength: 3 }), value),
      }).map(({ message, ...more }) => Object.assign(new Error(), { message }, more));
    const thrown = errorOver(errorOver(errorOver(value)));
    fc.assert(
      fc.property(fc.oneof(thrown, value), (thrown) => {
        for (const text of Object.values(toJobError(thrown))) {
          assert.ok(typeof text === "string" && text.length <= 8_001);
          assert.ok(text.isWellFormed() && !text.includes("\0"));
        }
      }),
      { numRuns: 300 },
    );
  });
});

describe("what is thrown and is no error", () => {
  const kept = (thrown: unknown) => {
    const { name, message } = toJobError(thrown);
    return `${name}: ${message}`;
  };

  it("is known by its message, where it has one", () => {
    assert.equal(kept({ message: "not found", status: 404 }), "NonError: not found");
    assert.equal(kept({ name: "ApiError", message: "not found" }), "ApiError: not found");
  });

  it("else by its text or its first properties", () => {
    assert.equal(kept("no"), "NonError: A string was thrown: no");
    assert.equal(kept(undefined), "NonError: An undefined was thrown: undefined");
    assert.equal(
      kept({ status: 404, why: "gone", inner: {}, list: [1] }),
      'NonError: An object was thrown: { status: 404, why: "gone", inner: {…}, list: […] }',
    );
    assert.equal(kept({}), "NonError: An object was thrown: [object Object]");
    assert.equal(kept(Object.create(null)), "NonError: An object was thrown: [object Object]");
    assert.equal(
      kept(new URL("http://localhost/")),
      "NonError: An object was thrown: http://localhost/",
    );
  });
});

describe("a job that fails for a cause", () => {
  it("keeps it in its error, in its attempts and in its span", async () => {
    const { spans, tracing } = await recordSpans();
    const queue = new JobQueue<{ calls: number }>({ store: memory() });
    const { id } = await queue.enqueue("calls", 1, { maxAttempts: 1 });
    await queue.worker("calls", () => {
      throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
    }).tick();
    await tracing.shutdown();
    const { error, attemptHistory } = (await queue.get(id))!;
    const [event] = spans.one("process calls").events;
    const stacks = [
      error?.stack,
      attemptHistory[0]?.error?.stack,
      event?.attributes?.["exception.stacktrace"],
    ];
    for (const stack of stacks) {
      assert.match(String(stack), /Caused by: Error: connect ECONNREFUSED/);
    }
    assert.equal(error?.message, "fetch failed");
  });
});
