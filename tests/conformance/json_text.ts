import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import { anyCodePoint } from "./any_code_point.ts";
import type { TestStore } from "./fixture.ts";
import { jobsFound } from "./answers.ts";

const texts = [
  "null",
  '  { "a" : 1.0, "a" : 1e400 }\n',
  '{"name":"Zoë \\u0000 \u{1f600} 𝒳 日本語","é":"e\u0301"}',
  '"\\ud800 is half a pair, \\udfff the other half"',
  '"\u2028\u2029\ufeff\u007f"',
  '"\\\\ \\" \' ; -- /* */ % _ $1 ?1 :id"',
  JSON.stringify("🔨".repeat(250_000)),
];

export function describeJsonText(test: TestStore): void {
  describe("text that is JSON", () => {
    test("a payload is kept as it came", async ({ addAll, get, claim }) => {
      const added = await addAll(texts.map((payload) => ({ payload })));
      assert.deepEqual(added.map(({ job }) => job.payload), texts);
      for (const { job } of added) assert.equal((await get(job.id)).payload, job.payload);
      assert.deepEqual((await claim()).map(({ payload }) => payload), texts);
    });

    test("a result is kept as it came", async ({ addAll, claim, settle, get }) => {
      await addAll(texts.map(() => ({})));
      for (const [i, job] of (await claim()).entries()) {
        await settle(job, { status: "completed", outcome: "completed", result: texts[i] });
        assert.equal((await get(job.id)).result, texts[i]);
      }
    });

    test("a back-off rule is kept as it came", async ({ add, get }) => {
      const backoff = '{ "type": "fixed",  "delayMs": 1.0 }';
      const { id } = await add({ backoff });
      assert.equal((await get(id)).backoff, backoff);
    });

    test("any value comes back as the same text", async ({ addAll, store, claim, settle }) => {
      const json = fc.jsonValue({ stringUnit: anyCodePoint }).map((value) => JSON.stringify(value));
      const payloads = fc.sample(json, 200);
      const added = await addAll(payloads.map((payload) => ({ payload })));
      const found = await jobsFound(store, { limit: 200 });
      assert.deepEqual(found.map(({ payload }) => payload).reverse(), payloads);
      assert.equal(added.length, 200);
      for (const job of await claim({ limit: 20 })) {
        await settle(job, { status: "completed", outcome: "completed", result: job.payload });
        assert.equal((await store.get(job.id))?.result, job.payload);
      }
    });
  });
}
