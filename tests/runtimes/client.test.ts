import { context, trace } from "@opentelemetry/api";
import fc from "fast-check";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { afterEach, describe, test } from "node:test";
import { job, JobQueue, memory, newTraceId } from "../../mod.ts";
import { JobClient, JobClientError } from "../../src/client.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { bearerToken, jobRouter } from "../../src/http.ts";
import type { Tracing } from "../../src/tracing.ts";
import { parentOf, recordSpans } from "./recorded_spans.ts";

interface Shop {
  payments: { amount: number };
  mails: { to: string };
}

/** A queue behind its router, and a client of it. */
function scene(now: () => number = Date.now) {
  const queue = new JobQueue<Shop>({ store: memory({ now }) });
  const authorize = bearerToken({ read: "reader", write: "writer" });
  const router = jobRouter(queue, { authorize });
  const clientOf = (token: string) =>
    new JobClient<Shop>({
      url: "http://jobs.example/queue/",
      headers: { authorization: `Bearer ${token}` },
      fetch: (request) => router.fetch(new Request(request.url.replace("/queue/", "/"), request)),
    });
  return { queue, client: clientOf("writer"), reader: clientOf("reader"), clientOf };
}

/** JSON knows no `undefined`: what is not there and what is undefined are the same here. */
function stated(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(stated);
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(entries.map(([name, one]) => [name, stated(one)]));
}

describe("a client of a router", () => {
  test("enqueues one job, a made one and several, as the queue itself does", async () => {
    const { queue, client } = scene();
    const one = await client.enqueue("payments", { amount: 5 }, { correlationId: "order-1" });
    const made = job("payments", { amount: 6 }, { idempotencyKey: "key", runAt: new Date(4e12) });
    const kept = await client.enqueue(made);
    const again = await client.enqueue("payments", { amount: 7 }, { idempotencyKey: "key" });
    const mail = job("mails", { to: "a@example.com" }, { dependsOn: [one] });
    const [first, second] = await client.enqueue([mail, job("payments", { amount: 8 })]);
    const { jobs: [stored] } = await queue.find({ correlationId: "order-1" });
    assert.deepEqual(stated(one), stated({ ...stored, deduplicated: false }));
    assert.equal(kept.id, made.id);
    assert.deepEqual([kept.status, kept.runAt], ["scheduled", new Date(4e12)]);
    assert.deepEqual([again.id, again.deduplicated, one.deduplicated], [made.id, true, false]);
    assert.deepEqual([first!.id, first!.dependsOn], [mail.id, [one.id]]);
    assert.equal(second!.queueName, "payments");
    const { jobs: listed } = await queue.find({ ids: [mail.id], include: [] });
    assert.deepEqual(stated(first), stated({ ...listed[0], deduplicated: false }));
    assert.equal(first!.payloadBytes, '{"to":"a@example.com"}'.length);
    assert.deepEqual(await client.enqueue([]), []);
  });

  test("finds, gets, counts and draws trees with the values that the queue gives", async () => {
    const { queue, client } = scene(manualClock().now);
    const { traceId } = await client.enqueue("payments", { amount: 1 }, {
      correlationId: "order-1",
    });
    let attempts = 0;
    await queue.worker("payments", async (_job, ctx) => {
      if (++attempts === 1) throw new Error("no money");
      await ctx.enqueue("mails", { to: "a@example.com" });
    }, { backoff: { type: "fixed", delayMs: 0 } }).tick();
    const filter = { traceId, status: ["completed", "ready"], limit: 1 } as const;
    const page = await client.find(filter);
    assert.deepEqual(stated(page), stated(await queue.find({ ...filter, include: [] })));
    const whole = { ...filter, include: ["payload", "result"] } as const;
    assert.deepEqual(stated(await client.find(whole)), stated(await queue.find(whole)));
    assert.equal(page.jobs[0]?.queueName, "mails");
    const rest = await client.find({ ...filter, cursor: page.nextCursor });
    const got = await client.get(rest.jobs[0]!.id);
    assert.deepEqual(stated(got), stated(await queue.get(got!.id)));
    assert.equal(got!.attemptHistory[0]?.error?.message, "no money");
    for (const which of [{ traceId: traceId! }, { correlationId: "order-1" }]) {
      const bare = { ...which, include: [] } as const;
      assert.deepEqual(stated(await client.tree(which)), stated(await queue.tree(bare)));
      const full = { ...which, include: ["payload", "result", "stack"] } as const;
      assert.deepEqual(stated(await client.tree(full)), stated(await queue.tree(which)));
    }
    assert.deepEqual(stated(await client.stats()), stated(await queue.stats()));
    const { queues } = await client.stats({ endedWithinMs: 3_600_000 });
    assert.deepEqual(
      queues.map(({ queueName, jobs, ended }) => [queueName, jobs.ready, ended?.completed]),
      [["mails", 1, 0], ["payments", 0, 1]],
    );
    assert.ok(queues[0]!.oldestReadyMs! >= 0);
  });

  test("of a job that it may not read gives the id and what the call said itself", async () => {
    const { queue } = scene();
    const tokens = [{ token: "sender", right: "enqueue", queues: ["mails"] }] as const;
    const router = jobRouter(queue, { authorize: bearerToken({ tokens }) });
    const client = new JobClient<Shop>({
      url: "http://jobs.example",
      headers: { authorization: "Bearer sender" },
      fetch: (request) => router.fetch(request),
    });
    const order = { correlationId: "order-1", idempotencyKey: "once" };
    const sent = await client.enqueue("mails", { to: "a@example.com" }, order);
    const stored = await queue.get(sent.id);
    assert.equal(stored?.payload !== undefined, true);
    const { id, traceId } = stored!;
    assert.deepEqual(stated(sent), { id, deduplicated: false, traceId, correlationId: "order-1" });
    const [again] = await client.enqueue([job("mails", { to: "b@example.com" }, order)]);
    assert.deepEqual(stated(again), { id, deduplicated: true, correlationId: "order-1" });
    await assert.rejects(client.enqueue("payments", { amount: 1 }), { code: "forbidden" });
    await assert.rejects(client.find(), { code: "forbidden" });
  });

  test("cancels and retries, and says how a job stands with which nothing can be done", async () => {
    const { client, queue } = scene();
    const { id } = await client.enqueue("payments", { amount: 1 });
    const early = (await client.retry(id))!;
    assert.deepEqual([early.job.status, early.changed], ["ready", false]);
    assert.equal(early.reason, "Only a failed or cancelled job can be retried: this one is ready");
    const reason = "The customer changed their mind";
    const { job: cancelled, changed } = (await client.cancel(id, { reason }))!;
    assert.deepEqual(
      [cancelled.status, cancelled.error?.message, changed],
      ["cancelled", reason, true],
    );
    assert.deepEqual(stated(await client.cancel(id)), stated(await queue.cancel(id)));
    const retried = (await client.retry(id))!;
    assert.deepEqual([retried.job.status, retried.changed], ["ready", true]);
    await assert.rejects(client.cancel(id, { why: "" } as never), TypeError);
    const dependent = await client.enqueue("payments", { amount: 2 }, { dependsOn: [id] });
    await client.cancel(id);
    assert.deepEqual(
      stated(await client.retry(dependent.id)),
      stated(await queue.retry(dependent.id)),
    );
    assert.equal((await client.retry(dependent.id, { force: true }))?.job.status, "ready");
    await client.cancel(dependent.id);
    await client.retry(id, { dependents: false });
    assert.equal((await client.retry(dependent.id))?.job.status, "blocked");
    const tree = await client.enqueue("mails", { to: "a@example.com" }, { parent: dependent });
    await client.cancel(dependent.id);
    const late = await client.enqueue("mails", { to: "a@example.com" }, { parent: dependent });
    assert.deepEqual([late.status, late.error?.parentId], ["cancelled", dependent.id]);
    const options = { descendants: true } as const;
    const both = (await client.cancel(dependent.id, options))!;
    assert.deepEqual([both.changed, both.cancelledDescendants, both.job.status], [
      false,
      1,
      "cancelled",
    ]);
    assert.equal((await queue.get(tree.id))?.status, "cancelled");
    assert.deepEqual(
      stated(await client.cancel(dependent.id, options)),
      stated(await queue.cancel(dependent.id, options)),
    );
    const nobody = crypto.randomUUID();
    assert.deepEqual(
      [await client.get(nobody), await client.cancel(nobody), await client.retry(nobody)],
      [undefined, undefined, undefined],
    );
  });

  test("finds a business process whatever its id is", async () => {
    const { client } = scene();
    const ids = [".", "..", "../..", "a/b", "%2e%2e", "ü ?#&=+", "a\\b", "-"];
    for (const correlationId of ids) {
      const { id } = await client.enqueue("payments", { amount: 1 }, { correlationId });
      const { jobs, roots } = await client.tree({ correlationId });
      assert.deepEqual(jobs.map((job) => job.id), [id]);
      assert.equal(roots[0]!.job.correlationId, correlationId);
      assert.equal((await client.find({ correlationId })).jobs.length, 1);
    }
  });

  test("asks for the tree of one thing", async () => {
    const { client } = scene();
    const none = { traceId: undefined } as unknown as { traceId: string };
    await assert.rejects(client.tree(none), { name: "TypeError", message: /got both or neither/ });
    const { id } = await client.enqueue("payments", { amount: 1 }, { correlationId: "order-1" });
    const tree = await client.tree({ ...none, correlationId: "order-1" });
    assert.equal(tree.roots[0]?.job.id, id);
  });

  test("rejects with what the router says: the code, the sentence and the path", async () => {
    const { client, reader, clientOf } = scene();
    await assert.rejects(
      client.enqueue([job("payments", { amount: 1 }), {
        ...job("mails", { to: "" }),
        priority: 1e9,
      }]),
      (error: JobClientError) => {
        assert.ok(error instanceof JobClientError);
        assert.deepEqual([error.code, error.status], ["invalid_input", 400]);
        assert.match(error.path!, /priority/);
        assert.match(error.message, /priority must be a whole number/);
        return true;
      },
    );
    await assert.rejects(
      client.stats({ endedWithinMs: 0 }),
      { code: "invalid_input", path: "endedWithinMs" },
    );
    await assert.rejects(reader.enqueue("mails", { to: "a" }), { code: "forbidden", status: 403 });
    await assert.rejects(clientOf("nobody").find(), { code: "unauthorized", status: 401 });
    const broken = (answer: () => Response | Promise<Response>) =>
      new JobClient<Shop>({ url: "http://jobs.example", fetch: answer });
    await assert.rejects(
      broken(() => Promise.reject(new TypeError("fetch failed"))).stats(),
      { name: "JobClientError", code: "unavailable", message: "The job router did not answer" },
    );
    await assert.rejects(
      broken(() => new Response("<html>", { status: 502 })).stats(),
      { code: "internal", status: 502, message: "The job router answered 502" },
    );
    assert.throws(() => new JobClient({ url: "jobs" }), TypeError);
  });
});

/** A client whose requests are answered so, whatever they are. */
function answeredBy(answer: (request: Request) => Response | Promise<Response>) {
  return new JobClient({
    url: "http://jobs.example/queue",
    fetch: answer,
  });
}

/** Every call that a client can make. */
const calls: readonly ((client: JobClient) => Promise<unknown>)[] = [
  (client) => client.enqueue("mails", {}),
  (client) => client.enqueue([job("mails", {}), job("mails", {})]),
  (client) => client.get(ID),
  (client) => client.find(),
  (client) => client.tree({ traceId: newTraceId() }),
  (client) => client.stats(),
  (client) => client.cancel(ID),
  (client) => client.retry(ID),
];
const ID = "0190b6a5-7e5c-7000-8000-000000000001";

describe("an answer that is not a router's", () => {
  const answers: Record<string, () => Response> = {
    "a page": () => new Response("<html>Sign in</html>"),
    "nothing": () => new Response(null, { status: 204 }),
    "null": () => Response.json(null),
    "a list": () => Response.json([]),
    "an empty object": () => Response.json({}),
    "a job without times": () => Response.json({ id: ID, queueName: "mails", status: "ready" }),
    "another server's 404": () => Response.json({ message: "Not Found" }, { status: 404 }),
    "a redirect that is not followed": () =>
      new Response(null, { status: 302, headers: { location: "/login" } }),
  };
  for (const [name, answer] of Object.entries(answers)) {
    test(`is refused: ${name}`, async () => {
      for (const call of calls) {
        await assert.rejects(call(answeredBy(answer)), {
          name: "JobClientError",
          code: "unexpected_answer",
          message: /^The answer is not a job router's: .*\. Is url where it is mounted\?$/,
        });
      }
    });
  }

  test("is refused or has the shape of its type, whatever it holds", async () => {
    const real = await realAnswers();
    const asked = fc.asyncProperty(
      fc.nat(calls.length - 1),
      fc.array(
        fc.tuple(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), fc.jsonValue()),
        {
          maxLength: 3,
        },
      ),
      async (at, changes) => {
        const body = changes.reduce(replaced, structuredClone(real[at]));
        const answered = calls[at]!(answeredBy(() => Response.json(body)));
        const value = await answered.catch((error: unknown) => {
          assert.ok(error instanceof JobClientError, String(error));
          assert.equal(error.code, "unexpected_answer");
        });
        for (const date of datesIn(value)) assert.ok(!Number.isNaN(date.getTime()));
      },
    );
    await fc.assert(asked, { numRuns: 300 });
  });

  test("is an error when it does not come whole", async () => {
    const cut = () =>
      new Response(
        new ReadableStream({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('{"jobs":['));
            controller.error(new TypeError("terminated"));
          },
        }),
      );
    for (const call of calls) {
      await assert.rejects(call(answeredBy(cut)), { name: "JobClientError", code: "unavailable" });
    }
  });

  test("is an error when a path of the router is taken for its own", async () => {
    const { queue, clientOf: _ } = scene();
    const router = jobRouter(queue, { publicAccess: "write" });
    const client = new JobClient({
      url: "http://jobs.example/jobs",
      fetch: (request) => router.fetch(request),
    });
    await assert.rejects(client.get(ID), { name: "JobClientError", code: "no_such_path" });
  });
});

describe("the URL of a client", () => {
  /** What a client of a URL asks for. */
  async function requestOf(url: string, headers: Record<string, string> = {}): Promise<Request> {
    const requests: Request[] = [];
    const client = new JobClient({
      url,
      headers,
      fetch: (request) => {
        requests.push(request);
        return Response.json({ queues: [] });
      },
    });
    await client.stats({ endedWithinMs: 5 });
    return requests[0]!;
  }

  test("keeps its query beside the call's, and its fragment stays here", async () => {
    for (
      const url of [
        "https://jobs.example/queue/?tenant=7#top",
        "HTTPS://jobs.example/queue?tenant=7",
      ]
    ) {
      const { url: asked } = await requestOf(url);
      assert.equal(asked, "https://jobs.example/queue/stats?tenant=7&endedWithinMs=5");
    }
  });

  test("may hold a name and a password, which are sent as the authorization", async () => {
    const { url, headers } = await requestOf("https://admin:s%C3%A9cret@jobs.example/queue");
    assert.equal(url, "https://jobs.example/queue/stats?endedWithinMs=5");
    assert.equal(headers.get("authorization"), "Basic YWRtaW46c8OpY3JldA==");
    const own = await requestOf("https://admin:x@jobs.example", { authorization: "Bearer a" });
    assert.equal(own.headers.get("authorization"), "Bearer a");
  });

  test("is in no error with its password, nor is a header with its value", async () => {
    const url = "https://admin:s3cret@jobs.example/queue";
    const failed = () => Promise.reject(new TypeError("fetch failed"));
    const client = new JobClient({ url, fetch: failed });
    const everything = (error: unknown) => {
      assert.doesNotMatch(`${inspect(error, { depth: 9, showHidden: true })}`, /s3cret/);
      return true;
    };
    for (const call of calls) await assert.rejects(call(client), everything);
    assert.throws(() => new JobClient({ url: "postgres://a:s3cret@host/x" }), everything);
    assert.throws(() => new JobClient({ url: "https://a:s3cret@" }), everything);
    assert.throws(
      () => new JobClient({ url, headers: { authorization: "Bearer s3cret\n" + "x" } }),
      everything,
    );
  });
});

describe("the trace of a client's caller", () => {
  let tracing: Tracing | undefined;
  afterEach(async () => await tracing?.shutdown());

  test("can be said for each job", async () => {
    const { queue, client } = scene();
    const [one, other] = [newTraceId(), newTraceId()];
    const under = (traceId: string) => ({ traceparent: `00-${traceId}-00f067aa0ba902b7-01` });
    await client.enqueue("payments", { amount: 1 }, { ...under(one), tracestate: "vendor=1" });
    await client.enqueue([
      job("payments", { amount: 2 }, under(one)),
      job("payments", { amount: 3 }, { ...under(other), baggage: "tenant=7" }),
    ]);
    const { jobs } = await queue.find();
    assert.deepEqual(jobs.map(({ traceId }) => traceId), [other, one, one]);
    assert.deepEqual([jobs[2]!.tracestate, jobs[0]!.baggage], ["vendor=1", "tenant=7"]);
  });

  test("goes on in the jobs that it enqueues", async () => {
    const kept = await recordSpans();
    tracing = kept.tracing;
    const { client } = scene();
    const request = trace.getTracer("shop").startSpan("POST /orders");
    const sent = await context.with(
      trace.setSpan(context.active(), request),
      () => client.enqueue("payments", { amount: 1 }),
    );
    request.end();
    assert.equal(sent.traceId, request.spanContext().traceId);
    assert.equal(parentOf(kept.spans.one("send payments")), request.spanContext().spanId);
  });

  test("and its business process, from a handler of another queue, without tracing too", async () => {
    const { queue, client } = scene();
    const here = new JobQueue<{ orders: number }>({ store: memory() });
    const traceId = newTraceId();
    await here.enqueue("orders", 1, { traceId, correlationId: "order-1" });
    await here.worker("orders", async () => {
      await Promise.resolve();
      await client.enqueue("payments", { amount: 1 });
    }).tick();
    const { jobs } = await queue.find({ traceId, correlationId: "order-1" });
    assert.equal(jobs.length, 1);
  });
});

/** What a router answers to each of the calls above. */
async function realAnswers(): Promise<readonly unknown[]> {
  const queue = new JobQueue({ store: memory() });
  const router = jobRouter(queue, { publicAccess: "write" });
  const parent = job("mails", {}, { correlationId: "order-1" });
  await queue.enqueue([
    { ...parent, id: ID },
    job("mails", {}, { parent: ID }),
  ]);
  await queue.worker("mails", () => {
    throw new Error("no");
  }, { backoff: { type: "fixed", delayMs: 60_000 } }).tick();
  const bodies: unknown[] = [];
  const client = new JobClient({
    url: "http://jobs.example",
    fetch: async (request) => {
      const response = await router.fetch(request);
      bodies.push(await response.clone().json());
      return response;
    },
  });
  const answers: unknown[] = [];
  for (const call of calls) {
    bodies.length = 0;
    await call(client);
    answers.push(bodies[0]);
  }
  return answers;
}

/** Puts another value somewhere into JSON. */
function replaced(whole: unknown, [where, value]: [number, unknown]): unknown {
  const places: (() => unknown)[] = [() => whole = value];
  const walk = (at: unknown) => {
    if (typeof at !== "object" || at === null) return;
    for (const key of Object.keys(at)) {
      const holder = at as Record<string, unknown>;
      places.push(() => holder[key] = value, () => delete holder[key]);
      walk(holder[key]);
    }
  };
  walk(whole);
  places[Math.floor(where * places.length)]!();
  return whole;
}

function datesIn(value: unknown): readonly Date[] {
  if (value instanceof Date) return [value];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(datesIn);
}
