import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import type { Hono } from "hono";
import { type Job, type JobNode, JobQueue, memory } from "../../mod.ts";
import { type Access, bearerToken, jobRouter, type TokenRight } from "../../src/http.ts";
import { page } from "../../src/page.ts";
import { errorOf, get, open, post, type Read } from "./http_calls.ts";
import { manualClock } from "../conformance/manual_clock.ts";

const queues = ["alpha_queue", "beta_queue", "gamma_queue"] as const;
type Name = typeof queues[number];

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

/** Jobs of three queues in one trace and one process, with parents and dependencies across them. */
async function crossedQueues(): Promise<{ queue: JobQueue; jobs: readonly Job[] }> {
  const queue = new JobQueue({ store: memory({ now: manualClock().now }) });
  const family = { traceId: "c".repeat(32), correlationId: "shared-order" };
  const ids: string[] = [];
  const add = async (queueName: Name, more: object = {}) => {
    const payload = { secret: `payload of ${queueName}` };
    const { id } = await queue.enqueue(queueName, payload, { ...family, ...more });
    ids.push(id);
    return id;
  };
  for (const [i, name] of queues.entries()) {
    const other = queues[(i + 1) % 3]!;
    const parent = await add(name);
    await add(other, { parent });
    const failing = await add(name, { maxAttempts: 1, priority: 5 });
    await add(other, { dependsOn: [failing, parent] });
    await add(other, { dependsOn: [failing], onDependencyFailure: "run", parent: failing });
    await queue.worker(name, ({ queueName, priority }) => {
      if (priority > 0) throw new Error(`error of ${queueName}`);
      return `result of ${queueName}`;
    }, { concurrency: 1 }).tick({ maxJobs: 2 });
    await add(name, { idempotencyKey: `key of ${name}` });
    const withdrawn = await add(name);
    await queue.cancel(withdrawn);
    await add(other, { parent: withdrawn });
    await add(other, { dependsOn: [parent], delayMs: 60_000 });
  }
  return { queue, jobs: await Promise.all(ids.map(async (id) => (await queue.get(id))!)) };
}

function idsIn(nodes: readonly JobNode[]): readonly string[] {
  return nodes.flatMap(({ job, children }) => [job.id, ...idsIn(children)]);
}

/** Everything that identifies a job, beside what every job has. */
function tellingOf({ id, queueName }: Job): readonly string[] {
  return [id, queueName];
}

function routerFor(queue: JobQueue, tokens: readonly TokenRight[]): Hono {
  return jobRouter(queue, { authorize: bearerToken({ tokens }), page: page() });
}

describe("rights by queue", () => {
  test("lists, trees, counts and depths have the jobs of the queues that may be read", async () => {
    const { queue } = await crossedQueues();
    const app = routerFor(queue, [{ token: "t", right: "read", queues: ["alpha_queue"] }]);
    const whole = open(queue);
    const own = ({ queueName }: Job) => queueName === "alpha_queue";
    const read = async (path: string) => (await get(app, path, bearer("t"))).body;
    const all = (await get(whole, "/jobs")).body.jobs.filter(own);
    const { jobs } = await read("/jobs");
    assert.deepEqual(jobs.map((job: Job) => job.id), all.map((job: Job) => job.id));
    for (const path of [`/traces/${"c".repeat(32)}`, "/correlations/shared-order"]) {
      const { roots } = await read(path);
      assert.deepEqual([...idsIn(roots)].sort(), all.map((job: Job) => job.id).sort());
    }
    for (const path of ["/stats", "/stats?endedWithinMs=60000"]) {
      const counted = (await get(whole, path)).body.queues.filter(own);
      assert.deepEqual((await read(path)).queues, counted);
    }
    for (
      const path of ["/jobs?queueName=beta_queue", "/jobs?queueName=none", "/correlations/none"]
    ) {
      const { jobs, roots } = await read(path);
      assert.equal((jobs ?? roots).length, 0, path);
    }
    const both = await read("/jobs?queueName=beta_queue&queueName=alpha_queue");
    assert.equal(both.jobs.length, all.length);
  });

  test("a page of allowed jobs is full, and pages lead through all of them", async () => {
    const queue = new JobQueue({ store: memory() });
    for (let i = 0; i < 60; i++) await queue.enqueue(i % 20 === 0 ? "rare" : "common", i);
    const asked: (string | undefined)[] = [];
    const routers = {
      "with a list of queues": routerFor(queue, [{ token: "t", right: "read", queues: ["rare"] }]),
      "asked for each queue": jobRouter(queue, {
        authorize: (_request, _right, { queues }: Access) => {
          asked.push(queues?.join());
          return queues?.every((name) => name === "rare") ?? true;
        },
      }),
    };
    for (const [way, app] of Object.entries(routers)) {
      const seen: number[] = [];
      for (let path: string | undefined = "/jobs?include=payload&limit=2"; path !== undefined;) {
        const { body: { jobs, nextCursor } }: Read = await get(app, path, bearer("t"));
        seen.push(...jobs.map(({ payload }: Job) => payload as number));
        assert.ok(jobs.length > 0 || nextCursor === undefined);
        path = nextCursor && `/jobs?include=payload&limit=2&cursor=${nextCursor}`;
      }
      assert.deepEqual(seen, [40, 20, 0], way);
    }
    assert.deepEqual(new Set(asked), new Set([undefined, "rare", "common"]));
    asked.length = 0;
    await get(routers["asked for each queue"], "/jobs?queueName=common");
    // Before anything was read.
    assert.deepEqual(asked, [undefined, "common"]);
  });

  test("a job of another queue is not there, and none can be changed without the right", async () => {
    const { queue, jobs } = await crossedQueues();
    const app = routerFor(queue, [
      { token: "t", right: "write", queues: ["alpha_queue"] },
      { token: "t", right: "read", queues: ["gamma_queue"] },
    ]);
    const one = (name: Name) => jobs.find(({ queueName }) => queueName === name)!.id;
    const [alpha, beta, gamma] = queues.map(one);
    for (const id of [beta!, crypto.randomUUID()]) {
      errorOf(await get(app, `/jobs/${id}`, bearer("t")), 404);
      for (const what of ["cancel", "retry"]) {
        errorOf(await post(app, `/jobs/${id}/${what}`, {}, bearer("t")), 404);
      }
    }
    assert.equal((await get(app, `/jobs/${gamma}`, bearer("t"))).status, 200);
    for (const what of ["cancel", "retry"]) {
      errorOf(await post(app, `/jobs/${gamma}/${what}`, {}, bearer("t")), 403);
      assert.ok(
        [200, 409].includes((await post(app, `/jobs/${alpha}/${what}`, {}, bearer("t"))).status),
      );
    }
    assert.notEqual((await queue.get(gamma!))?.status, "cancelled");
    const tree = { descendants: true };
    errorOf(await post(app, `/jobs/${alpha}/cancel`, tree, bearer("t")), 403);
    const forAll = routerFor(queue, [{ token: "t", right: "write" }]);
    const { status } = await post(forAll, `/jobs/${alpha}/cancel`, tree, bearer("t"));
    assert.ok([200, 409].includes(status));
  });

  test("who may only enqueue gets what it said itself, and learns of no other job", async () => {
    const { queue, jobs } = await crossedQueues();
    const app = routerFor(queue, [{ token: "t", right: "enqueue", queues: ["alpha_queue"] }]);
    const send = (body: object) => post(app, "/jobs", body, bearer("t"));
    const own = {
      queueName: "alpha_queue",
      payload: 1,
      correlationId: "mine",
      idempotencyKey: "k",
    };
    const first = await send(own);
    assert.equal(first.status, 201);
    const { id, traceId } = first.body;
    assert.deepEqual(first.body, { id, deduplicated: false, traceId, correlationId: "mine" });
    const again = await send({ ...own, correlationId: "yours" });
    assert.deepEqual([again.status, again.body], [200, {
      id,
      deduplicated: true,
      correlationId: "yours",
    }]);
    assert.equal(again.headers.get("x-trace-id"), null);
    const known = await send({
      ...own,
      correlationId: undefined,
      idempotencyKey: "key of alpha_queue",
    });
    assert.deepEqual(Object.keys(known.body).sort(), ["deduplicated", "id"]);
    errorOf(await send({ queueName: "beta_queue", payload: 1 }), 403);
    for (const path of ["/jobs", `/jobs/${id}`, "/stats", "/openapi.json"]) {
      errorOf(await get(app, path, bearer("t")), 403);
    }
    errorOf(await post(app, `/jobs/${id}/cancel`, {}, bearer("t")), 403);
    for (const other of jobs) {
      for (const name of ["dependsOn", "parentId"]) {
        const answers = await Promise.all([other.id, crypto.randomUUID()].map(async (one) => {
          const body = {
            ...own,
            idempotencyKey: undefined,
            [name]: name === "parentId" ? one : [one],
          };
          const { status, body: answer } = await send(body);
          return [status, JSON.stringify(answer).replaceAll(one, "ID")];
        }));
        assert.deepEqual(answers[0], answers[1]);
        assert.equal(answers[0]![0], 400);
      }
      // With a trace of its own a job may have a parent that is not known.
      const traced = { ...own, idempotencyKey: undefined, traceId: "d".repeat(32) };
      for (const parentId of [other.id, crypto.randomUUID()]) {
        const { status, body } = await send({ ...traced, parentId });
        assert.deepEqual([status, body.deduplicated, body.traceId], [201, false, "d".repeat(32)]);
      }
    }
  });

  test("the page shows the same, and offers what may be done", async () => {
    const { queue, jobs } = await crossedQueues();
    const app = routerFor(queue, [
      { token: "t", right: "read", queues: ["alpha_queue", "gamma_queue"] },
      { token: "t", right: "write", queues: ["gamma_queue"] },
    ]);
    const show = async (path: string) => {
      const response = await app.request(path, { headers: bearer("t") });
      return [response.status, await response.text()] as const;
    };
    const overview = await show("/page");
    assert.equal(overview[0], 200);
    assert.doesNotMatch(overview[1], /beta_queue/);
    for (const { id, queueName, status } of jobs) {
      const [code, text] = await show(`/page/jobs/${id}`);
      assert.equal(code, queueName === "beta_queue" ? 404 : 200);
      const canChange = queueName === "gamma_queue" && status !== "completed";
      assert.equal(/<form method="post"/.test(text), canChange, `${queueName} ${status}`);
      if (queueName !== "beta_queue") continue;
      const [unknownCode, unknown] = await show(`/page/jobs/${crypto.randomUUID()}`);
      assert.deepEqual([unknownCode, unknown], [code, text]);
    }
    const search = await app.request(`/page/search?q=${jobs[1]!.id}`, { headers: bearer("t") });
    assert.equal(search.status, jobs[1]!.queueName === "beta_queue" ? 404 : 303);
  });

  test("whatever is asked with whatever rights, no answer shows anything of another queue's job", async () => {
    const right = fc.record({
      token: fc.constant("t"),
      right: fc.constantFrom("read", "enqueue", "write"),
      queues: fc.subarray([...queues]),
    }) as fc.Arbitrary<TokenRight>;
    const seeds = fc.record({ job: fc.nat(), other: fc.nat(), kind: fc.nat() });
    await fc.assert(
      fc.asyncProperty(
        fc.array(right, { minLength: 1, maxLength: 3 }),
        fc.boolean(),
        fc.array(seeds, { minLength: 5, maxLength: 30 }),
        async (tokens, isAsked, calls) => {
          const { queue, jobs } = await crossedQueues();
          const lists = bearerToken({ tokens });
          const authorize = async (request: Request, right: "read", { queues }: Access) => {
            const held = await lists(request, right);
            if (typeof held === "boolean" || !isAsked) return held;
            return queues?.every((name) => held.queues.includes(name)) ?? true;
          };
          const app = jobRouter(queue, {
            authorize: authorize as typeof lists,
            page: page(),
            onError: (error) => {
              throw error;
            },
          });
          const mayRead = new Set(
            tokens.flatMap(({ right, queues = [] }) => right === "enqueue" ? [] : queues),
          );
          const secrets = jobs.filter(({ queueName }) => !mayRead.has(queueName))
            .flatMap(tellingOf);
          const hidden = new Set([
            ...secrets,
            ...queues.filter((name) => !mayRead.has(name)).flatMap((name) => [
              `payload of ${name}`,
              `result of ${name}`,
              `error of ${name}`,
            ]),
          ]);
          for (const seed of calls) {
            const { path, init, told } = requestOf(seed, jobs);
            const headers = { ...bearer("t"), "sec-fetch-site": "same-origin", ...init.headers };
            const response = await app.request(path, { ...init, headers });
            assert.notEqual(response.status, 500);
            const text = await response.text() + JSON.stringify([...response.headers]);
            const said = decodeURIComponent(path) + (init.body ?? "") + told;
            for (const secret of hidden) {
              const isTold = text.includes(secret) && !said.includes(secret);
              assert.ok(!isTold, `${init.method ?? "GET"} ${path} tells ${secret}: ${text}`);
            }
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

interface Sent {
  readonly path: string;
  /** What its answer may tell: an enqueue with a key that was used answers with the first job's id. */
  readonly told?: string | undefined;
  readonly init: {
    readonly method?: string;
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
  };
}

/** One of all the requests that there are, about these jobs. */
function requestOf(
  seed: { readonly job: number; readonly other: number; readonly kind: number },
  jobs: readonly Job[],
): Sent {
  const job = jobs[seed.job % jobs.length]!;
  const other = jobs[seed.other % jobs.length]!;
  const queueName = queues[seed.other % 3]!;
  const json = { "content-type": "application/json" };
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const posted = (path: string, body: object): Sent => ({
    path,
    init: { method: "POST", body: JSON.stringify(body), headers: json },
  });
  const read = (path: string): Sent => ({ path, init: {} });
  const include = "include=payload,result,stack";
  const kinds: readonly (() => Sent)[] = [
    () => read(`/jobs?${include}`),
    () => read(`/jobs?${include}&limit=1&queueName=${queueName}`),
    () => read(`/jobs?${include}&status=${job.status}`),
    () => read(`/jobs?${include}&parentId=${job.id}`),
    () => read(`/jobs?${include}&id=${job.id}&id=${other.id}`),
    () => read(`/jobs?traceId=${job.traceId}&${include}`),
    () => read(`/jobs/${job.id}`),
    () => read(`/traces/${job.traceId}?${include}`),
    () => read(`/traces/${job.traceId}?limit=3`),
    () => read(`/correlations/shared-order?${include}`),
    () => read("/stats"),
    () => read("/stats?endedWithinMs=60000"),
    () => read("/health?maxOldestReadyMs=0"),
    () => read("/openapi.json"),
    () => read("/page"),
    () => read(`/page/jobs/${job.id}`),
    () => read(`/page/traces/${job.traceId}`),
    () => read("/page/correlations/shared-order"),
    () => read(`/page/search?q=${job.id}`),
    () => read(`/page/search?q=${job.traceId}`),
    () => posted(`/jobs/${job.id}/cancel`, {}),
    () => posted(`/jobs/${job.id}/retry`, { force: seed.other % 2 === 0 }),
    () => posted("/jobs", { queueName, payload: 1 }),
    () => ({
      ...posted("/jobs", { queueName, payload: 1, idempotencyKey: `key of ${queueName}` }),
      told: jobs.find(({ idempotencyKey }) => idempotencyKey === `key of ${queueName}`)!.id,
    }),
    () => posted("/jobs", { queueName, payload: 1, parentId: job.id }),
    () => posted("/jobs", { queueName, payload: 1, dependsOn: [job.id] }),
    () => posted("/jobs", { queueName, payload: 1, parentId: job.id, traceId: "e".repeat(32) }),
    () =>
      posted("/jobs/batch", {
        jobs: [{ queueName, payload: 1 }, { queueName, payload: 1, dependsOn: [job.id, other.id] }],
      }),
    ...["cancel", "retry"].map((what) => () => ({
      path: `/page/jobs/${job.id}/${what}`,
      init: { method: "POST", body: "", headers: form },
    })),
  ];
  return kinds[seed.kind % kinds.length]!();
}
