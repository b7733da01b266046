/** What would not be kept as it was sent is refused, with its path: by HTTP and by the client. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { JobClient, JobClientError } from "../../src/client.ts";
import { jobRouter } from "../../src/http.ts";
import { parseExactly } from "../../src/job/json.ts";

describe("JSON from outside", () => {
  const kept = [
    "0",
    "-0",
    "9007199254740991",
    "-9007199254740991",
    "9007199254740992",
    "1152921504606847000",
    "1e21",
    "1.0e+2",
    "0e999",
    "100000000000000000000000",
    "1.7976931348623157e308",
    "5e-324",
    "0.1",
    "0.10000000000000000555",
    "1234567890.12345678901234567890",
    '"9007199254740993"',
    '{"9007199254740993":"\\\\\\"1e999","a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '{"__proto__":1,"":2}',
  ];
  const refused: readonly (readonly [json: string, path: string])[] = [
    ["9007199254740993", ""],
    ["-9007199254740993", ""],
    ["9007199254740993.0", ""],
    ["90071992547409930e-1", ""],
    ["1152921504606846976", ""],
    ["12345678901234567890", ""],
    ["1e400", ""],
    ["-1e400", ""],
    ["1e-400", ""],
    ['{"a":{"b c":[1,{"d":9007199254740993}]}}', "a.b c[1].d"],
    ['[1,[2],{"x":[]},1e999]', "[3]"],
    ['{"a":1,"b":2,"a":3}', "a"],
    ['{"x":[{"a":1,"\\u0061":1}]}', "x[0].a"],
  ];
  for (const json of kept) {
    test(`keeps ${json}`, () => assert.deepEqual(parseExactly(json), JSON.parse(json)));
  }
  for (const [json, path] of refused) {
    test(`refuses ${json}`, () => {
      assert.throws(() => parseExactly(json), { name: "RangeError", path });
    });
  }

  test("is kept if JavaScript wrote it, however it is spaced", () => {
    const space = fc.constantFrom(undefined, 1, "\t");
    fc.assert(fc.property(fc.jsonValue(), space, (value, space) => {
      const text = JSON.stringify(value, null, space);
      assert.deepEqual(parseExactly(text), JSON.parse(text));
    }));
    fc.assert(fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (number) => {
      assert.equal(parseExactly(`${number}`), Number(`${number}`));
    }));
  });

  test("is refused exactly if an integer would be written as another one", () => {
    fc.assert(fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), (integer) => {
      const parse = () => parseExactly(`[${integer}]`);
      if (integerOf(String(Number(integer))) === integer) {
        assert.deepEqual(parse(), [Number(integer)]);
      } else assert.throws(parse, RangeError);
    }));
  });
});

/** `1.5e+21` as an integer. */
function integerOf(written: string): bigint {
  const [digits = "", power = "0"] = written.split("e");
  const [whole = "", fraction = ""] = digits.split(".");
  return BigInt(whole + fraction) * 10n ** BigInt(Number(power) - fraction.length);
}

describe("a payload", () => {
  const scene = () => {
    const queue = new JobQueue({ store: memory() });
    const router = jobRouter(queue, { publicAccess: "write" });
    const client = new JobClient({
      url: "http://jobs.example",
      fetch: (request) => router.fetch(request),
    });
    return { queue, router, client };
  };

  test("that HTTP would change is a 400 with its path, and stores nothing", async () => {
    const { queue, router } = scene();
    const headers = { "content-type": "application/json" };
    const one = '{"queueName":"email_queue","payload":{"id":9007199254740993}}';
    const bodies = [
      ["/jobs", one, "payload.id"],
      ["/jobs/batch", `{"jobs":[{"queueName":"q","payload":1},${one}]}`, "jobs[1].payload.id"],
      ["/jobs", '{"queueName":"email_queue","payload":{"a":1,"a":2}}', "payload.a"],
    ] as const;
    for (const [path, body, wrong] of bodies) {
      const response = await router.request(path, { method: "POST", headers, body });
      const { error } = await response.json();
      assert.deepEqual([response.status, error.code, error.path], [400, "invalid_input", wrong]);
    }
    assert.deepEqual(await queue.store.counts(), []);
  });

  test("that the client would change is a JobClientError, and nothing is sent", async () => {
    const { queue, client } = scene();
    for (const payload of [NaN, { a: Infinity }, new Date(), new Map(), { a: 1n }]) {
      await assert.rejects(
        client.enqueue("email_queue", payload),
        (error) => error instanceof JobClientError && error.code === "invalid_input",
      );
    }
    assert.deepEqual(await queue.store.counts(), []);
    const { id } = await client.enqueue("email_queue", { big: 2 ** 60, max: Number.MAX_VALUE });
    const found = await queue.get(id);
    assert.deepEqual(found?.payload, { big: 2 ** 60, max: Number.MAX_VALUE });
  });
});
