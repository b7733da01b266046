import assert from "node:assert/strict";
import { after, before, beforeEach, describe, test } from "node:test";
import type { ReadableSpan } from "@opentelemetry/sdk-trace";
import { job, JobQueue, memory } from "../../mod.ts";
import { jobRouter } from "../../src/http.ts";
import type { Tracing } from "../../src/tracing.ts";
import { linksOf, type RecordedSpans, recordSpans, traceparentOf } from "./recorded_spans.ts";

type Queues = Record<string, number>;

const ID = "messaging.message.id";
const DEDUPLICATED = "hammerwork.job.deduplicated";

const newQueue = () => new JobQueue<Queues>({ store: memory() });
const about = ({ attributes }: ReadableSpan) => [attributes[ID], attributes[DEDUPLICATED]];

describe("the span of a deduplicated job", () => {
  let spans: RecordedSpans;
  let tracing: Tracing;
  before(async () => {
    ({ spans, tracing } = await recordSpans());
  });
  after(() => tracing.shutdown());
  beforeEach(() => spans.clear());

  test("names the job that is stored, says so and links to its creation context", async () => {
    const queue = newQueue();
    const first = await queue.enqueue("mails", 1, { idempotencyKey: "a" });
    const again = await queue.enqueue("mails", 2, { idempotencyKey: "a" });
    assert.deepEqual([again.id, again.deduplicated], [first.id, true]);
    const [send, second] = spans.all("send mails");
    assert.deepEqual(about(send!), [first.id, undefined]);
    assert.deepEqual(send!.links, []);
    assert.deepEqual(about(second!), [first.id, true]);
    assert.deepEqual(linksOf(second!), [["creation", traceparentOf(send!)]]);
  });

  test("says that a job was cancelled as it was stored, and why", async () => {
    const queue = newQueue();
    const parent = await queue.enqueue("mails", 1);
    await queue.cancel(parent.id);
    spans.clear();
    await queue.enqueue("mails", 2, { parent });
    const [send] = spans.all("send mails");
    await queue.enqueue([job("mails", 3, { parent }), job("mails", 4)]);
    const outcomes = [send!, ...spans.all("create mails")].map((
      { attributes },
    ) => [
      attributes["hammerwork.job.outcome"],
      attributes["hammerwork.job.cancellation_reason"],
    ]);
    const cancelled = ["cancelled", "Its parent was cancelled"];
    assert.deepEqual(outcomes, [cancelled, cancelled, [undefined, undefined]]);
  });

  test("has no link where the first job was enqueued without tracing", async () => {
    const queue = newQueue();
    await queue.enqueue("mails", 1, { idempotencyKey: "a" });
    const { attributes } = spans.one("send mails");
    const untraced = Object.assign(queue.store, {});
    const add = untraced.add.bind(untraced);
    untraced.add = async (jobs) =>
      (await add(jobs)).map((one) => ({ ...one, job: { ...one.job, traceparent: undefined } }));
    spans.clear();
    await queue.enqueue("mails", 1, { idempotencyKey: "a" });
    const send = spans.one("send mails");
    assert.deepEqual(about(send), [attributes[ID], true]);
    assert.deepEqual(send.links, []);
  });

  test("of a batch is its own `create` span, and the `send` span links to it by the stored id", async () => {
    const queue = newQueue();
    const first = await queue.enqueue("mails", 1, { idempotencyKey: "a" });
    const jobs = [job("mails", 2), job("mails", 3, { idempotencyKey: "a" })];
    const stored = await queue.enqueue(jobs);
    assert.deepEqual(stored.map(({ id }) => id), [jobs[0]!.id, first.id]);
    const creates = spans.all("create mails");
    assert.deepEqual(creates.map(about), [[jobs[0]!.id, undefined], [first.id, true]]);
    const [sendOne, sendMany] = spans.all("send mails");
    assert.deepEqual(linksOf(creates[1]!), [["creation", traceparentOf(sendOne!)]]);
    assert.deepEqual(
      sendMany!.links.map(({ context, attributes }) => [context.spanId, attributes?.[ID]]),
      creates.map((span, i) => [span.spanContext().spanId, stored[i]!.id]),
    );
  });

  test("that is the first of two in one call links to that one's creation", async () => {
    const queue = newQueue();
    const key = { idempotencyKey: "a" };
    const [first] = await queue.enqueue([job("mails", 1, key), job("mails", 2, key)]);
    const creates = spans.all("create mails");
    assert.deepEqual(creates.map(about), [[first!.id, undefined], [first!.id, true]]);
    assert.deepEqual(linksOf(creates[1]!), [["creation", traceparentOf(creates[0]!)]]);
  });

  test("is named by its id, so that a job below it names the stored parent", async () => {
    const queue = newQueue();
    const first = await queue.enqueue("parents", 1, { idempotencyKey: "a" });
    const parent = job("parents", 2, { idempotencyKey: "a" });
    const child = job("children", 3, { parent });
    const [, stored] = await queue.enqueue([parent, child]);
    assert.equal(stored!.parentId, first.id);
    const { attributes } = spans.one("create children");
    assert.deepEqual([attributes[ID], attributes["hammerwork.job.parent_id"]], [
      child.id,
      first.id,
    ]);
    assert.equal(attributes[DEDUPLICATED], undefined);
  });

  test("passes through spanAttributes as any other", async () => {
    const queue = new JobQueue<Queues>({
      store: memory(),
      spanAttributes: ({ [ID]: _, ...attributes }, { id }) => ({ ...attributes, known: id }),
    });
    const first = await queue.enqueue("mails", 1, { idempotencyKey: "a" });
    await queue.enqueue("mails", 2, { idempotencyKey: "a" });
    const { attributes } = spans.all("send mails")[1]!;
    assert.equal(ID in attributes, false);
    assert.deepEqual([attributes.known, attributes[DEDUPLICATED]], [first.id, true]);
  });

  test("is the same over HTTP", async () => {
    const queue = newQueue();
    const router = jobRouter(queue, { publicAccess: "write" });
    const post = async () => {
      const response = await router.request("/jobs", {
        method: "POST",
        headers: { "content-type": "application/json", "idempotency-key": "a" },
        body: JSON.stringify({ queueName: "mails", payload: 1 }),
      });
      return await response.json() as { id: string; deduplicated: boolean };
    };
    const first = await post();
    assert.deepEqual([(await post()).id, (await post()).deduplicated], [first.id, true]);
    const sends = spans.ended.filter(({ attributes }) => attributes[ID] === first.id);
    assert.deepEqual(sends.map(about), [undefined, true, true].map((said) => [first.id, said]));
  });
});
