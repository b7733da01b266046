import assert from "node:assert/strict";
import { describe } from "node:test";
import { attemptsOf, definedFields, jobsFound } from "./answers.ts";
import type { TestStore } from "./fixture.ts";
import { newJobId, newTraceId } from "./inputs.ts";

/** Texts that mean something to a database, and pairs that a careless comparison takes for one. */
const texts = [
  "'; drop table jobs; --",
  '" or ""="',
  "\\'",
  "`",
  "%",
  "_",
  "*",
  "$1",
  "?1",
  ":id",
  "null",
  "",
  " ",
  "order",
  "ORDER",
  "order ",
  "1",
  "01",
  "1.0",
  "1e0",
  "0x1",
  "é",
  "e\u0301",
  "ß",
  "ss",
  "\u{1f528}",
  "x".repeat(255),
];

export function describeSpecialValues(test: TestStore): void {
  describe("values mean nothing but themselves", () => {
    test("every text of a job comes back unchanged", async ({ addAll, get }) => {
      const inputs = texts.map((text) => ({
        queueName: text,
        correlationId: text,
        idempotencyKey: text,
        traceparent: text,
        tracestate: text,
        backoff: text,
        payload: JSON.stringify(text),
      }));
      const added = await addAll(inputs);
      for (const [i, { job, deduplicated }] of added.entries()) {
        const stored = definedFields(await get(job.id));
        assert.deepEqual({ ...stored, ...inputs[i] }, stored);
        assert.equal(deduplicated, false);
      }
    });

    test("every text of a job comes unchanged to whoever claims it", async ({ addAll, claim }) => {
      const later = `01-${newTraceId()}-00f067aa0ba902b7-01-`;
      const traceparents = [...texts, ...texts.map((text) => later + text), `${later}"\\\t\u0001`];
      const added = await addAll(traceparents.map((text) => ({
        correlationId: text,
        traceparent: text,
        tracestate: text,
        baggage: text,
        payload: JSON.stringify(text),
      })));
      for (const [i, job] of (await claim({ limit: 100 })).entries()) {
        const { correlationId, traceparent, tracestate, baggage, payload } = job;
        const text = traceparents[i];
        assert.equal(job.id, added[i]?.job.id);
        assert.deepEqual(
          [correlationId, traceparent, tracestate, baggage, JSON.parse(payload)],
          [text, text, text, text, text],
        );
      }
    });

    test("every text of an outcome comes back unchanged", async (fixture) => {
      const { addAll, claim, settle, get, store } = fixture;
      await addAll(texts.map(() => ({})));
      for (const [i, job] of (await claim()).entries()) {
        const text = texts[i]!;
        const error = { name: text, message: text, stack: text };
        await settle(job, { status: "failed", outcome: "failed", error }, { traceparent: text });
        const stored = await get(job.id);
        assert.deepEqual([stored.error, stored.attemptTraceparent], [error, text]);
        const [attempt] = await attemptsOf(store, job.id);
        assert.deepEqual([attempt?.error, attempt?.traceparent], [error, text]);
      }
    });

    const filters = {
      queueName: (text: string) => ({ queueNames: [text] }),
      correlationId: (text: string) => ({ correlationId: text }),
    };
    for (const field of ["queueName", "correlationId"] as const) {
      test(`a ${field} finds only itself`, async ({ addAll, store }) => {
        await addAll(texts.map((text) => ({ [field]: text })));
        for (const text of texts) {
          const found = await jobsFound(store, { ...filters[field](text), limit: 10 });
          assert.deepEqual(found.map((job) => job[field]), [text]);
        }
      });
    }

    test("a queue name claims only from its queue", async ({ addAll, claim }) => {
      await addAll(texts.map((queueName) => ({ queueName })));
      for (const queueName of texts) {
        assert.deepEqual((await claim({ queueName })).map((job) => job.queueName), [queueName]);
      }
    });

    test("a queue name and a key are never taken for another pair", async ({ addAll }) => {
      const added = await addAll([
        { queueName: "a", idempotencyKey: "b:c" },
        { queueName: "a:b", idempotencyKey: "c" },
        { queueName: "a", idempotencyKey: "b-c" },
        { queueName: "a-b", idempotencyKey: "c" },
      ]);
      assert.deepEqual(added.map(({ deduplicated }) => deduplicated), [false, false, false, false]);
    });

    test("an id that is no id is unknown", async ({ add, store }) => {
      await add();
      for (const text of [...texts, newJobId()]) {
        assert.equal(await store.get(text), undefined);
        assert.deepEqual(await attemptsOf(store, text), []);
        assert.deepEqual(await jobsFound(store, { parentId: text, limit: 10 }), []);
      }
    });
  });
}
