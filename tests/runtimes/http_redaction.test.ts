import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { jobRouter, type JobRouterOptions, type RedactedField } from "../../src/http.ts";
import { operations } from "../../src/http/operations/operations.ts";
import { page } from "../../src/page.ts";
import { open, post } from "./http_calls.ts";

const secret = "4111-1111-1111-1111";

/** Jobs that have a secret in everything that a handler or a caller of `enqueue` can write. */
async function jobsWithSecrets() {
  const queue = new JobQueue({ store: memory() });
  const correlationId = "order-12345";
  const worker = queue.worker("card_queue", ({ payload }) => {
    const { fails } = payload as { fails: boolean };
    if (fails) throw new Error(`refused ${secret}`);
    return { charged: secret };
  }, { backoff: { type: "fixed", delayMs: 0 } });
  const payload = { card: secret };
  const completed = await queue.enqueue("card_queue", payload, { correlationId });
  const failed = await queue.enqueue("card_queue", { ...payload, fails: true }, {
    correlationId,
    maxAttempts: 2,
  });
  for (let n = 0; n < 3; n++) await worker.tick();
  const waiting = await queue.enqueue("card_queue", payload, {
    correlationId,
    idempotencyKey: "once",
    delayMs: 3_600_000,
  });
  const cancelled = await queue.enqueue("card_queue", payload, { correlationId });
  await queue.cancel(cancelled.id, { reason: `wrong card ${secret}`, by: "me" });
  const { error, attemptHistory } = (await queue.get(failed.id))!;
  for (const one of [error, ...attemptHistory.map((attempt) => attempt.error)]) {
    assert.ok(one?.message.includes(secret) && one.stack?.includes(secret));
  }
  return { queue, completed, failed, waiting, cancelled };
}

/** Every address that can be read: all operations, and all of the page that links lead to. */
async function everythingReadable(
  queue: JobQueue,
  options: JobRouterOptions,
  ids: Readonly<Record<string, string>>,
): Promise<ReadonlyMap<string, string>> {
  const app = jobRouter(queue, { publicAccess: "write", page: page(), ...options });
  const read = new Map<string, string>();
  const waiting = ["/page", "/page/search?q=order", `/page/search?q=${secret}`];
  for (const { method, path } of operations) {
    if (method !== "GET") continue;
    waiting.push(path.replaceAll(/\{(\w+)\}/g, (_, name) => ids[name]!));
    waiting.push("/jobs?include=payload,result,stack", "/correlations?correlationId=order-12345");
  }
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (read.has(path) || read.size > 200) continue;
    const response = await app.request(path);
    const text = await response.text();
    assert.ok(response.status < 500, `${path}: ${response.status} ${text}`);
    // What was asked for is said again, and is no leak.
    read.set(path, text.replaceAll(path.includes(secret) ? secret : "\0", ""));
    for (const [, link] of text.matchAll(/(?:href|action)="([^"]+)"/g)) {
      const { pathname, search, host } = new URL(
        link!.replaceAll("&amp;", "&"),
        new URL(path, "http://localhost"),
      );
      if (host === "localhost" && pathname.startsWith("/page")) waiting.push(pathname + search);
    }
    const { location } = Object.fromEntries(response.headers);
    if (location !== undefined) waiting.push(new URL(location, `http://localhost${path}`).pathname);
  }
  return read;
}

describe("redaction", () => {
  const hide = () => "****";
  const fail = () => {
    throw new Error(`no rule for ${secret}`);
  };
  const cases: readonly (readonly [string, JobRouterOptions["redact"], string])[] = [
    ["what redact returns", hide, "****"],
    ["nothing of a value when redact throws", fail, "(redacted)"],
    ["nothing of a value when redact returns nothing", () => undefined, "(redacted)"],
    ["nothing of a value when redact is asynchronous", () => Promise.resolve(secret), "(redacted)"],
  ];
  for (const [what, redact, instead] of cases) {
    test(`${what} is shown by every operation and every view`, async () => {
      const { queue, failed } = await jobsWithSecrets();
      const errors: unknown[] = [];
      const { id, traceId } = failed;
      const read = await everythingReadable(
        queue,
        { redact, onError: (error) => errors.push(error) },
        { id, traceId, correlationId: "order-12345" },
      );
      for (const [path, text] of read) assert.ok(!text.includes(secret), `${path}: ${text}`);
      for (const path of ["/jobs", `/jobs/${id}`, `/traces/${traceId}`, `/page/jobs/${id}`]) {
        assert.ok(read.get(path)!.includes(instead), path);
      }
      assert.ok([...read.keys()].filter((path) => path.startsWith("/page")).length > 10);
      assert.equal(errors.length > 0, redact === fail);
    });
  }

  test("all of it is shown without redact", async () => {
    const { queue, failed: { id, traceId } } = await jobsWithSecrets();
    const read = await everythingReadable(queue, {}, { id, traceId, correlationId: "order-12345" });
    assert.ok(read.get(`/jobs/${id}`)!.includes(secret));
    assert.ok(read.get(`/page/jobs/${id}`)!.includes(secret));
  });

  test("the answers of enqueue, retry and cancel are redacted too", async () => {
    const { queue, failed, waiting } = await jobsWithSecrets();
    const app = open(queue, { redact: hide });
    const known = { queueName: "card_queue", payload: { card: "0" }, idempotencyKey: "once" };
    const answers = [
      await post(app, "/jobs", known),
      await post(app, "/jobs/batch", { jobs: [known] }),
      await post(app, `/jobs/${failed.id}/retry`, undefined),
      await post(app, `/jobs/${waiting.id}/cancel`, { reason: `no ${secret}` }),
    ];
    for (const { status, body } of answers) {
      assert.ok(status < 300, JSON.stringify(body));
      assert.ok(!JSON.stringify(body).includes(secret), JSON.stringify(body));
    }
    assert.deepEqual([answers[0]!.body.deduplicated, answers[0]!.body.payload], [true, "****"]);
    assert.equal((await queue.get(waiting.id))?.error?.message.includes(secret), true);
  });

  test("redact is told the job and the field, and what it returns is shown as it is", async () => {
    const { queue, failed, completed } = await jobsWithSecrets();
    const fields = new Set<RedactedField>();
    const app = open(queue, {
      redact: (value, { job, field }) => {
        assert.equal(job.queueName, "card_queue");
        fields.add(field);
        return field === "payload" ? { ...value as object, card: `${job.id} ****` } : value;
      },
    });
    const read = async (id: string) => await (await app.request(`/jobs/${id}`)).json();
    const job = await read(failed.id);
    assert.deepEqual(job.payload, { card: `${failed.id} ****`, fails: true });
    assert.equal(job.error.message, `refused ${secret}`);
    assert.equal((await read(completed.id)).result.charged, secret);
    assert.deepEqual(fields, new Set(["payload", "message", "stack", "result"]));
  });

  test("redact must be a function", () => {
    const queue = new JobQueue({ store: memory() });
    const redact = "payload" as unknown as () => unknown;
    assert.throws(() => jobRouter(queue, { publicAccess: "read", redact }), /redact must be/);
  });
});
