import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { JobQueue, memory } from "../../mod.ts";
import { jobRouter } from "../../src/http.ts";
import { anyCodePoint } from "../conformance/any_code_point.ts";
import { call, errorOf, get, post, postText, type Read } from "./http_calls.ts";

const mail = { queueName: "email_queue", payload: { to: "a@example.com" } };
const runs = { numRuns: 300 };

const nasty = fc.constantFrom(
  "'; DROP TABLE hammerwork_jobs; --",
  "<img src=x onerror=alert(1)>",
  "a\r\nset-cookie: b=c",
  "__proto__",
  "constructor",
  "\u0000",
  "\ud800",
  "../../etc/passwd",
  "%00",
  "${7*7}",
  "x".repeat(5_000),
);
const text = fc.oneof(nasty, fc.string({ unit: anyCodePoint }), fc.uuid());
const value = fc.oneof(nasty, fc.jsonValue({ maxDepth: 3 }), fc.integer(), fc.double(), fc.uuid());
const field = fc.constantFrom(
  ...["id", "queueName", "payload", "traceId", "correlationId", "parentId", "dependsOn"],
  ...["onDependencyFailure", "priority", "delayMs", "runAt", "maxAttempts", "backoff"],
  ...["timeoutMs", "idempotencyKey", "propagation", "__proto__", "constructor", "jobs"],
);
const fields = fc.array(fc.tuple(field, value), { maxLength: 4 });

/** A router that reports everything that went wrong inside, which must be nothing. */
function newRouter() {
  const inside: unknown[] = [];
  const queue = new JobQueue({ store: memory() });
  const app = jobRouter(queue, { publicAccess: "write", onError: (error) => inside.push(error) });
  const check = (answer: Read, ...statuses: number[]) => {
    assert.deepEqual(inside, []);
    assert.ok(statuses.includes(answer.status) || answer.status === 400, String(answer.status));
    if (answer.status >= 400) errorOf(answer, answer.status);
  };
  const worksOn = async () => {
    const { status, body } = await post(app, "/jobs", { ...mail, queueName: "last" });
    assert.equal(status, 201);
    await queue.worker("last", () => "done").tick();
    assert.equal((await get(app, `/jobs/${body.id}`)).body.result, "done");
    assert.equal((await get(app, "/jobs?queueName=last")).body.jobs.length, 1);
  };
  return { app, check, worksOn };
}

/** As text, so that `__proto__` is a key like others. */
const objectText = (entries: readonly (readonly [string, unknown])[]) =>
  `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${JSON.stringify(one)}`).join()}}`;

describe("hostile input", () => {
  test("anything in any field of a job is stored as it is, or refused", async () => {
    const { app, check, worksOn } = newRouter();
    const answers = new Set<number>();
    await fc.assert(
      fc.asyncProperty(fields, async (some) => {
        const job = objectText([...Object.entries(mail), ...some]);
        const alone = await postText(app, "/jobs", job);
        check(alone, 200, 201);
        answers.add(alone.status);
        if (alone.status < 300) {
          const stored = await get(app, `/jobs/${alone.body.id}`);
          assert.equal(stored.status, 200);
          assert.deepEqual(stored.body.payload, alone.body.payload);
        }
        check(await postText(app, "/jobs/batch", `{"jobs":[${job},${job}]}`), 201);
      }),
      runs,
    );
    assert.ok(answers.has(201) && answers.has(400), "some are stored, some refused");
    await worksOn();
  });

  test("any body at all is answered", async () => {
    const { app, check, worksOn } = newRouter();
    const paths = fc.constantFrom("/jobs", "/jobs/batch", `/jobs/${crypto.randomUUID()}/cancel`);
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((json) => new TextEncoder().encode(json)),
      fc.nat(20_000).map((depth) => new TextEncoder().encode('{"jobs":'.repeat(depth))),
      fc.nat(50_000).map((size) => new TextEncoder().encode(`{"jobs":[${Array(size).fill(0)}]}`)),
    );
    await fc.assert(
      fc.asyncProperty(paths, body, async (path, bytes) => {
        check(await postText(app, path, bytes as Uint8Array<ArrayBuffer>), 200, 201, 404);
      }),
      runs,
    );
    await worksOn();
  });

  test("any query and any id in a path is answered", async () => {
    const { app, check, worksOn } = newRouter();
    const names = [
      "queueName",
      "status",
      "traceId",
      "correlationId",
      "parentId",
      "createdFrom",
      "limit",
      "cursor",
    ];
    const query = fc.array(fc.tuple(fc.constantFrom(...names, "__proto__"), text), {
      maxLength: 3,
    });
    const path = fc.constantFrom("/jobs/ID", "/traces/ID", "/correlations/ID", "/jobs/ID/x", "/ID");
    await fc.assert(
      fc.asyncProperty(query, path, text, async (pairs, path, id) => {
        check(await get(app, `/jobs?${new URLSearchParams(pairs)}`), 200);
        check(await get(app, `/stats?${new URLSearchParams({ endedWithinMs: id })}`), 200);
        const encoded = encodeURIComponent(
          id.replace(/\p{Surrogate}/gu, "?"),
        );
        check(await get(app, path.replace("ID", encoded)), 200, 404);
        const action = `/jobs/${encoded}/cancel`;
        check(await post(app, action, { reason: id }), 200, 404, 409);
      }),
      runs,
    );
    for (const raw of ["%", "%ff", "%E0%A4%A", "%2e%2e", "%00"]) {
      check(await get(app, `/correlations/${raw}`), 200, 404);
      check(await get(app, `/jobs?queueName=${raw}`), 200);
    }
    await worksOn();
  });

  test("any header that can be sent is taken, ignored or refused, and none comes back broken", async () => {
    const { app, check, worksOn } = newRouter();
    const headers = ["traceparent", "tracestate", "baggage", "x-correlation-id", "idempotency-key"];
    const content = fc.string({
      unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
    }).filter((content) => !content.includes("\x7f"));
    const some = fc.dictionary(fc.constantFrom(...headers), content);
    await fc.assert(
      fc.asyncProperty(some, text, async (some, correlationId) => {
        const sent = await post(app, "/jobs", { ...mail, correlationId }, some);
        check(sent, 200, 201);
        assert.equal(sent.headers.get("set-cookie"), null);
        check(await call(app, "/jobs", { headers: some }), 200);
      }),
      runs,
    );
    await worksOn();
  });
});
