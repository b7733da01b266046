import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory, StoreUnavailableError } from "../../mod.ts";
import type { StandardSchema } from "../../src/http.ts";
import { call, errorOf, get, open, post, postText } from "./http_calls.ts";

const mail = { queueName: "email_queue", payload: { to: "a@example.com" } };
const newQueue = () => new JobQueue({ store: memory() });

const NOBODY = "01987654-3210-7abc-8def-00000000dead";

const wrong: readonly [path: string, value: object][] = [
  ["queueName", { queueName: undefined }],
  ["queueName", { queueName: "'; DROP TABLE jobs; --" }],
  ["id", { id: "1" }],
  ["id", { id: "01987654-3210-7ABC-8DEF-0123456789AB" }],
  ["payload", { payload: undefined }],
  ["traceId", { traceId: "0".repeat(32) }],
  ["correlationId", { correlationId: "a\r\nset-cookie: b" }],
  ["correlationId", { correlationId: "x".repeat(256) }],
  ["parentId", { parentId: { id: NOBODY } }],
  ["parentId", { parentId: NOBODY }],
  ["dependsOn", { dependsOn: "a" }],
  ["dependsOn", { dependsOn: Array(1_001).fill(NOBODY) }],
  ["dependsOn[1]", { dependsOn: [NOBODY, 7] }],
  ["onDependencyFailure", { onDependencyFailure: "stop" }],
  ["priority", { priority: "high" }],
  ["priority", { priority: 32_768 }],
  ["delayMs", { delayMs: -1 }],
  ["runAt", { runAt: 1 }],
  ["runAt", { runAt: "2030-01-31" }],
  ["runAt", { runAt: "2030-13-31T12:00:00Z" }],
  ["runAt", { runAt: "1960-01-31T12:00:00Z" }],
  ["maxAttempts", { maxAttempts: 0 }],
  ["maxAttempts", { maxAttempts: null }],
  ["backoff", { backoff: { type: "cubic", delayMs: 1 } }],
  ["backoff", { backoff: { type: "fixed", delayMs: 1, note: "x".repeat(2_000) } }],
  ["timeoutMs", { timeoutMs: 1.5 }],
  ["idempotencyKey", { idempotencyKey: "" }],
  ["propagation", { propagation: "both" }],
  ["traceparent", { traceparent: 5 }],
  ["tracestate", { tracestate: {} }],
  ["baggage", { baggage: ["a=b"] }],
  ["queue", { queue: "email_queue" }],
  ["parent", { parent: NOBODY }],
];

describe("input that is wrong", () => {
  test("is refused with its path, alone and in a batch, and nothing is stored", async () => {
    const queue = newQueue();
    const app = open(queue);
    for (const [path, part] of wrong) {
      const alone = await post(app, "/jobs", { ...mail, ...part });
      assert.deepEqual(errorOf(alone, 400), ["invalid_input", path]);
      const jobs = [mail, mail, { ...mail, ...part }];
      const batch = await post(app, "/jobs/batch", { jobs });
      assert.deepEqual(errorOf(batch, 400), ["invalid_input", `jobs[2].${path}`]);
    }
    assert.deepEqual((await queue.find()).jobs, []);
  });

  test("options that do not go together are refused at the job", async () => {
    const app = open(newQueue());
    const both = { ...mail, delayMs: 1, runAt: "2030-01-31T12:00:00Z" };
    const batch = await post(app, "/jobs/batch", { jobs: [mail, both] });
    assert.deepEqual(errorOf(batch, 400), ["invalid_input", "jobs[1]"]);
    const unrooted = { ...mail, traceId: crypto.randomUUID(), propagation: "link" };
    assert.equal(errorOf(await post(app, "/jobs", unrooted), 400)[0], "invalid_input");
    const [a, b] = [crypto.randomUUID(), crypto.randomUUID()];
    const circle = [{ ...mail, id: a, dependsOn: [b] }, { ...mail, id: b, dependsOn: [a] }];
    const refused = await post(app, "/jobs/batch", { jobs: circle });
    assert.deepEqual(errorOf(refused, 400), ["invalid_input", "jobs"]);
    const twice = await post(app, "/jobs/batch", {
      jobs: [{ ...mail, id: a }, { ...mail, id: a }],
    });
    assert.deepEqual(errorOf(twice, 400), ["invalid_input", "jobs"]);
  });

  test("in a query is refused with the parameter's name", async () => {
    const app = open(newQueue(), { maxPageSize: 50 });
    const queries = {
      "queueName=%3Cscript%3E": "queueName",
      "status=done": "status",
      "status=ready&status=done": "status",
      "traceId=1": "traceId",
      "correlationId=": "correlationId",
      "parentId=1": "parentId",
      "createdFrom=yesterday": "createdFrom",
      "createdBefore=2030-01-31T12:00:00": "createdBefore",
      "limit=0": "limit",
      "limit=51": "limit",
      "limit=1e1": "limit",
      "limit=1&limit=2": "limit",
      "cursor=-1": "cursor",
      "stauts=ready": "stauts",
      "__proto__=1": "__proto__",
    };
    for (const [query, name] of Object.entries(queries)) {
      assert.deepEqual(errorOf(await get(app, `/jobs?${query}`), 400), ["invalid_input", name]);
    }
    const counts = {
      "endedWithinMs=": 'got ""',
      "endedWithinMs=0": "got 0",
      "endedWithinMs=31536000001": "got 31536000001",
      "endedWithinMs=1e3": 'got "1e3"',
      "endedWithinMs=-1": 'got "-1"',
      "endedWithinMs=1.5": 'got "1.5"',
    };
    for (const [query, got] of Object.entries(counts)) {
      const refused = await get(app, `/stats?${query}`);
      assert.deepEqual(errorOf(refused, 400), ["invalid_input", "endedWithinMs"]);
      const rule = "endedWithinMs must be a whole number from 1 to 31536000000";
      assert.equal(refused.body.error.message, `${rule}: ${got}`);
    }
    const twice = await get(app, "/stats?endedWithinMs=1&endedWithinMs=2");
    assert.deepEqual(errorOf(twice, 400), ["invalid_input", "endedWithinMs"]);
    assert.equal((await get(app, "/stats?endedWithinMs=31536000000")).status, 200);
    for (const path of ["/stats?a=1", `/jobs/${crypto.randomUUID()}?a=1`]) {
      assert.deepEqual(errorOf(await get(app, path), 400), ["invalid_input", "a"]);
    }
    assert.deepEqual(errorOf(await post(app, "/jobs?dryRun=1", mail), 400), [
      "invalid_input",
      "dryRun",
    ]);
  });

  test("that is no JSON object in UTF-8 is refused", async () => {
    const app = open(newQueue());
    const bodies = ["{", "[]", "null", '"a"', "\ufeff\ufeff{}", '{"queueName":"a",}', "NaN", " "];
    for (const body of bodies) {
      assert.deepEqual(errorOf(await postText(app, "/jobs", body), 400)[0], "invalid_input", body);
    }
    const broken = new Uint8Array([
      ...new TextEncoder().encode('{"queueName":"a","payload":"'),
      0xc3,
    ]);
    const rest = new TextEncoder().encode('"}');
    const body = new Uint8Array([...broken, ...rest]);
    assert.deepEqual(errorOf(await postText(app, "/jobs", body), 400)[0], "invalid_input");
  });

  test("names of objects' own parts are names like others", async () => {
    const queue = newQueue();
    const app = open(queue, { schemas: {} });
    for (const name of ["__proto__", "constructor", "toString", "hasOwnProperty"]) {
      const text = `{"queueName":"a","payload":1,${JSON.stringify(name)}:{"priority":9}}`;
      assert.deepEqual(errorOf(await postText(app, "/jobs", text), 400), ["invalid_input", name]);
      const payload = `{${JSON.stringify(name)}:{"polluted":true}}`;
      const sent = await postText(app, "/jobs", `{"queueName":"constructor","payload":${payload}}`);
      assert.equal(sent.status, 201);
      assert.equal(JSON.stringify((await queue.get(sent.body.id))?.payload), payload);
    }
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe("limits", () => {
  test("a body that is too large is refused, also when it does not say so", async () => {
    const app = open(newQueue(), { maxBodyBytes: 1_000 });
    const large = JSON.stringify({ ...mail, payload: "x".repeat(1_000) });
    const said = { "content-length": String(large.length) };
    assert.deepEqual(errorOf(await postText(app, "/jobs", large, said), 413), [
      "too_large",
      undefined,
    ]);
    let pulled = 0;
    const endless = new ReadableStream({
      pull: (controller) => {
        pulled++;
        controller.enqueue(new Uint8Array(100).fill(0x20));
      },
    });
    const request = new Request("http://localhost/jobs", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: endless,
      duplex: "half",
    } as RequestInit);
    const response = await app.fetch(request);
    assert.equal(response.status, 413);
    assert.ok(pulled < 50, `${pulled} pieces were read`);
  });

  test("lists, pages, payloads and depth are bounded", async () => {
    const queue = new JobQueue({ store: memory(), maxPayloadBytes: 100 });
    const app = open(queue, { maxJobs: 3, maxPageSize: 2 });
    for (const jobs of [[], [mail, mail, mail, mail], {}, "jobs", undefined]) {
      const refused = await post(app, "/jobs/batch", { jobs });
      assert.deepEqual(errorOf(refused, 400), ["invalid_input", "jobs"]);
    }
    assert.equal((await post(app, "/jobs/batch", { jobs: [mail, mail, mail] })).status, 201);
    assert.equal((await get(app, "/jobs")).body.jobs.length, 2);
    const { traceId } = (await queue.find()).jobs[0]!;
    assert.equal((await get(app, `/traces/${traceId}?limit=3`)).status, 400);
    const payload = await post(app, "/jobs", { ...mail, payload: "x".repeat(100) });
    assert.deepEqual(errorOf(payload, 400), ["invalid_input", "payload"]);
    for (const depth of [101, 50_000]) {
      for (const name of ["payload", "backoff", "dependsOn", "priority", "queueName"]) {
        const deep = `${"[".repeat(depth)}${"]".repeat(depth)}`;
        const text = JSON.stringify({ ...mail, [name]: 0 }).replace(/:0\b/, `:${deep}`);
        assert.equal(errorOf(await postText(app, "/jobs", text), 400)[0], "invalid_input");
      }
    }
  });
});

describe("a schema of a queue's own", () => {
  const schemaOf = (validate: StandardSchema["~standard"]["validate"]): StandardSchema => ({
    "~standard": { version: 1, vendor: "test", validate },
  });
  const address = schemaOf((value) => {
    const { to } = value as { to?: unknown };
    if (typeof to === "string") return Promise.resolve({ value: { to: to.trim() } });
    return { issues: [{ message: "to must be a string", path: ["list", 2, { key: "to" }] }] };
  });

  test("reads the payload, or tells what is wrong with it and where", async () => {
    const queue = newQueue();
    const app = open(queue, { schemas: { email_queue: address } });
    const sent = await post(app, "/jobs", { ...mail, payload: { to: " a " } });
    assert.deepEqual(sent.body.payload, { to: "a" });
    const refused = await post(app, "/jobs/batch", { jobs: [mail, { ...mail, payload: {} }] });
    assert.deepEqual(errorOf(refused, 400), ["invalid_input", "jobs[1].payload.list[2].to"]);
    assert.equal(refused.body.error.message, "to must be a string");
    assert.equal((await post(app, "/jobs", { queueName: "other", payload: {} })).status, 201);
  });

  test("that throws is an error of the server, and nothing of it is shown", async () => {
    const errors: unknown[] = [];
    const broken = schemaOf(() => {
      throw new TypeError("secret");
    });
    const app = open(newQueue(), {
      schemas: { email_queue: broken },
      onError: (error) => errors.push(error),
    });
    const answer = await post(app, "/jobs", mail);
    assert.deepEqual(errorOf(answer, 500), ["internal", undefined]);
    assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
    assert.equal(errors.length, 1);
  });
});

describe("a sender that hangs up", () => {
  test("in the middle of a body is no error of the router's", async () => {
    const errors: unknown[] = [];
    const app = open(newQueue(), { onError: (error) => errors.push(error) });
    let stop = () => {};
    const body = new ReadableStream({
      start(controller) {
        controller.enqueue(new TextEncoder().encode('{"queueName":'));
        stop = () => controller.error(new Error("aborted"));
      },
    });
    const init = { method: "POST", body, duplex: "half" };
    const headers = { "content-type": "application/json" };
    const answer = call(app, "/jobs", { ...init, headers } as RequestInit);
    stop();
    assert.deepEqual(errorOf(await answer, 400), ["invalid_input", undefined]);
    assert.deepEqual(errors, []);
  });
});

describe("a store that fails", () => {
  test("has changed nothing only if it says so", async () => {
    const store = memory();
    const app = open(new JobQueue({ store }), { onError: () => {} });
    for (const mayHaveChanged of [false, true, undefined]) {
      store.add = () => Promise.reject(new StoreUnavailableError("away", { mayHaveChanged }));
      const answered = mayHaveChanged ? /; a change may have been made$/ : /; nothing was changed$/;
      const { status, body } = await post(app, "/jobs", mail);
      assert.equal(status, 503);
      assert.match((body as { error: { message: string } }).error.message, answered);
    }
  });

  test("is unavailable when it says so, an internal error otherwise; its words stay inside", async () => {
    const store = memory();
    const errors: unknown[] = [];
    const app = open(new JobQueue({ store }), { onError: (error) => errors.push(error) });
    const kinds = [
      [new StoreUnavailableError("disk /secret is full"), 503, "unavailable"],
      [new Error("connect postgres://user:secret@host"), 500, "internal"],
      [new TypeError("cannot read secret of undefined"), 500, "internal"],
      [new RangeError("a secret length is out of range"), 500, "internal"],
    ] as const;
    for (const [error, status, code] of kinds) {
      const fail = () => Promise.reject(error);
      const failing = {
        add: fail,
        find: fail,
        get: fail,
        cancel: fail,
        counts: fail,
        health: fail,
      };
      Object.assign(store, failing);
      const id = crypto.randomUUID();
      const answers = [
        await post(app, "/jobs", mail),
        await post(app, "/jobs/batch", { jobs: [mail] }),
        await post(app, `/jobs/${id}/cancel`, {}),
        ...await Promise.all(
          ["/jobs", `/jobs/${id}`, "/stats", "/correlations/a"].map((path) => get(app, path)),
        ),
      ];
      for (const answer of answers) {
        assert.deepEqual(errorOf(answer, status), [code, undefined]);
        assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
      }
      assert.equal(errors.splice(0).filter((told) => told === error).length, answers.length);
    }
  });
});
