import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { correlationIdFrom, job, newCorrelationId, newTraceId, readTraceId } from "../../mod.ts";
import { randomHex } from "../../src/job/ids.ts";

describe("ids", () => {
  test("a new trace id is 32 lower-case hex digits, each time others", () => {
    const ids = new Set(Array.from({ length: 1_000 }, newTraceId));
    assert.equal(ids.size, 1_000);
    for (const id of ids) assert.match(id, /^[0-9a-f]{32}$/);
  });

  test("a job id is a UUIDv7: later ones sort later", () => {
    const before = Date.now();
    const { id } = job("queue", {});
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const ms = parseInt(id.replaceAll("-", "").slice(0, 12), 16);
    assert.ok(before <= ms && ms <= Date.now());
  });

  test("ids never overlap, whatever is drawn from the supply in between", () => {
    const drawn: string[] = [];
    for (let i = 0; i < 3_000; i++) drawn.push(randomHex(1 + i % 16));
    for (const [i, digits] of drawn.entries()) {
      assert.match(digits, /^[0-9a-f]+$/);
      assert.equal(digits.length, 2 * (1 + i % 16));
    }
    const long = drawn.filter((digits) => digits.length >= 16);
    assert.equal(new Set(long).size, long.length);
    assert.equal(randomHex(512).length, 1_024);
    const counts = new Map<string, number>();
    for (const digit of drawn.join("")) counts.set(digit, (counts.get(digit) ?? 0) + 1);
    const expected = drawn.join("").length / 16;
    assert.equal(counts.size, 16);
    for (const count of counts.values()) {
      assert.ok(Math.abs(count / expected - 1) < 0.2, `${count}`);
    }
  });

  test("a trace id is read from every spelling of a UUID and of 32 hex digits", () => {
    fc.assert(fc.property(fc.uuid(), fc.boolean(), fc.boolean(), (uuid, upper, dashed) => {
      const spelled = dashed ? uuid : uuid.replaceAll("-", "");
      const traceId = readTraceId(upper ? spelled.toUpperCase() : spelled);
      assert.equal(traceId, uuid.replaceAll("-", ""));
    }));
  });

  test("what is no trace id is refused with what was expected and what came", () => {
    const bad = [
      "",
      "0".repeat(32),
      "order-12345",
      `${newTraceId()}0`,
      "550e8400-e29b41d4a716446655440000",
    ];
    for (const text of bad) {
      assert.throws(() => readTraceId(text), {
        name: "RangeError",
        message: `A trace id must be 32 hex digits or a UUID, and not all zero: got ${
          JSON.stringify(text)
        }`,
      });
    }
    assert.throws(() => readTraceId(undefined as never), /got undefined/);
  });

  test("a correlation id is any business id of 1 to 255 characters", () => {
    assert.equal(correlationIdFrom("order-12345"), "order-12345");
    assert.equal(correlationIdFrom(12345n), "12345");
    assert.equal(correlationIdFrom("Bestellung №5 😀"), "Bestellung №5 😀");
    assert.equal(correlationIdFrom("x".repeat(255)).length, 255);
    assert.notEqual(newCorrelationId(), newCorrelationId());
  });

  test("a correlation id that is empty, too long or holds control characters is refused", () => {
    for (const text of ["", "x".repeat(256), "a\nb", "a\u0000b", "\u007f", "a\u2028b", "\ud800"]) {
      assert.throws(() => correlationIdFrom(text), {
        name: "RangeError",
        message: /^A correlation id must be 1 to 255 characters without control characters: got "/,
      });
    }
  });
});
