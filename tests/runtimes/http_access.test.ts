import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { JobQueue, memory } from "../../mod.ts";
import { bearerToken, jobRouter, type JobRouterOptions } from "../../src/http.ts";
import { call, errorOf, get, post, postText } from "./http_calls.ts";

const mail = { queueName: "email_queue", payload: { to: "a@example.com" } };
const newRouter = (options: JobRouterOptions) =>
  jobRouter(new JobQueue({ store: memory() }), options);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe("who may use the router", () => {
  test("it does not start unless its options say so", () => {
    for (const options of [{}, { authorize: undefined }, undefined]) {
      assert.throws(() => newRouter(options as JobRouterOptions), {
        name: "TypeError",
        message: /authorize.*bearerToken.*publicAccess.*: got neither/,
      });
    }
  });

  test("options of a wrong type or range are refused", () => {
    const wrong: readonly object[] = [
      { publicAccess: "all" },
      { publicAccess: true },
      { authorize: "secret" },
      { publicAccess: "read", maxBodyBytes: 0 },
      { publicAccess: "read", maxPageSize: 1_001 },
      { publicAccess: "read", maxJobs: 0 },
      { publicAccess: "read", allowedOrigins: ["example.com"] },
      { publicAccess: "read", allowedOrigins: ["https://example.com/"] },
      { publicAccess: "read", schemas: { email_queue: {} } },
      { publicAccess: "read", onError: "log" },
    ];
    for (const options of wrong) assert.throws(() => newRouter(options), /: got /);
  });

  test("public reading is no writing", async () => {
    const app = newRouter({ publicAccess: "read" });
    assert.equal((await get(app, "/jobs")).status, 200);
    assert.equal((await get(app, "/openapi.json")).status, 200);
    assert.deepEqual(errorOf(await post(app, "/jobs", mail), 403), ["forbidden", undefined]);
  });

  test("a token for reading reads, one for writing does both, no token does nothing", async () => {
    const app = newRouter({
      authorize: bearerToken({ read: "reader", write: ["old-writer", "writer"] }),
    });
    for (const headers of [{}, bearer("other"), bearer(""), { authorization: "Basic reader" }]) {
      const refused = await get(app, "/jobs", headers);
      assert.deepEqual(errorOf(refused, 401), ["unauthorized", undefined]);
      assert.equal(refused.headers.get("www-authenticate"), "Bearer");
      assert.deepEqual(errorOf(await post(app, "/jobs", mail, headers), 401), [
        "unauthorized",
        undefined,
      ]);
    }
    assert.equal((await get(app, "/jobs", bearer("reader"))).status, 200);
    const refused = await post(app, "/jobs", mail, bearer("reader"));
    assert.deepEqual(errorOf(refused, 403), ["forbidden", undefined]);
    for (const token of ["writer", "old-writer"]) {
      assert.equal((await get(app, "/jobs", bearer(token))).status, 200);
      assert.equal((await post(app, "/jobs", mail, bearer(token))).status, 201);
    }
  });

  test("tokens that are none are refused at once", () => {
    const wrong: readonly unknown[] = [
      ...["", [], ["a", ""], "a b", {}, { write: "" }, undefined, 7],
      ...[{ tokens: [] }, { tokens: "a" }, { tokens: [{}] }, { tokens: [{ token: "a" }] }],
      { tokens: [{ token: "a", right: "all" }] },
      { tokens: [{ token: "a", right: "read", queues: "b" }] },
    ];
    for (const tokens of wrong) {
      assert.throws(() => bearerToken(tokens as string), TypeError, JSON.stringify(tokens));
    }
    const badName = { tokens: [{ token: "a", right: "read", queues: ["no name"] }] } as const;
    assert.throws(() => bearerToken(badName), RangeError);
  });

  test("everything needs a right: an authorize that says no lets nothing through", async () => {
    const asked: string[] = [];
    const app = newRouter({
      authorize: (request, right) => {
        asked.push(`${request.method} ${right}`);
        return false;
      },
    });
    const id = crypto.randomUUID();
    const reads = ["/jobs", `/jobs/${id}`, `/traces/${"a".repeat(32)}`, "/correlations/a"];
    for (const path of [...reads, "/stats", "/openapi.json"]) {
      assert.equal((await get(app, path)).status, 401, path);
    }
    // Whether a refusal is a 401 or a 403 depends on what else the request may do.
    assert.deepEqual(new Set(asked), new Set(["GET read", "GET enqueue"]));
    for (const path of ["/jobs", "/jobs/batch", `/jobs/${id}/cancel`, `/jobs/${id}/retry`]) {
      assert.equal((await post(app, path, {})).status, 401, path);
    }
    assert.ok(asked.includes("POST write"));
  });

  test("an authorize that throws, or says anything but true, lets nobody in", async () => {
    const errors: unknown[] = [];
    const secret = new Error("password=hunter2");
    const throwing = newRouter({
      authorize: () => Promise.reject(secret),
      onError: (error) => {
        errors.push(error);
        throw new Error("and the report fails too");
      },
    });
    const answer = await get(throwing, "/jobs");
    assert.deepEqual(errorOf(answer, 500), ["internal", undefined]);
    assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/);
    assert.deepEqual(errors, [secret]);
    for (const said of ["yes", 1, {}, undefined]) {
      const vague = newRouter({ authorize: () => said as boolean });
      assert.equal((await get(vague, "/jobs")).status, 401);
    }
  });
});

describe("other sites' pages", () => {
  const app = newRouter({ publicAccess: "write", allowedOrigins: ["https://admin.example.com"] });
  const write = (headers: Record<string, string>) => post(app, "/jobs", mail, headers);

  test("cannot write, whichever header gives them away", async () => {
    const elsewhere: Record<string, string>[] = [
      { "sec-fetch-site": "cross-site" },
      { "sec-fetch-site": "same-site" },
      { "sec-fetch-site": "cross-site", origin: "http://localhost" },
      { origin: "https://evil.example.com" },
      { origin: "http://localhost:8080" },
      { origin: "null" },
      { origin: "nonsense" },
      { origin: "https://admin.example.com.evil.example" },
    ];
    for (const headers of elsewhere) {
      assert.deepEqual(errorOf(await write(headers), 403), ["forbidden", undefined]);
    }
    assert.deepEqual((await get(app, "/jobs")).body, { jobs: [] });
  });

  test("can where they are the router's own, or allowed", async () => {
    const own: Record<string, string>[] = [
      {},
      { "sec-fetch-site": "same-origin" },
      { "sec-fetch-site": "none" },
      // Behind a proxy that passes on another host than the browser asked for.
      { "sec-fetch-site": "same-origin", origin: "https://jobs.example.com" },
      { origin: "http://localhost" },
      { origin: "https://localhost" },
      { origin: "https://admin.example.com", "sec-fetch-site": "cross-site" },
    ];
    for (const headers of own) assert.equal((await write(headers)).status, 201);
  });

  test("can send no form and no text: whatever writes is application/json", async () => {
    const types = [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=a",
      "application/jsonp",
      "text/plain; application/json",
      "",
    ];
    for (const type of types) {
      for (const path of ["/jobs", `/jobs/${crypto.randomUUID()}/retry`]) {
        const refused = await postText(app, path, JSON.stringify(mail), { "content-type": type });
        assert.deepEqual(errorOf(refused, 415), ["unsupported_media_type", undefined], type);
      }
    }
    const bare = await app.request("/jobs", { method: "POST" });
    assert.equal(bare.status, 415);
    const text = JSON.stringify(mail);
    const type = { "content-type": "Application/JSON ; charset=utf-8" };
    assert.equal((await postText(app, "/jobs", text, type)).status, 201);
  });

  test("get no permission from any answer", async () => {
    const preflight = await call(app, "/jobs", {
      method: "OPTIONS",
      headers: { origin: "https://admin.example.com", "access-control-request-method": "POST" },
    });
    assert.deepEqual(errorOf(preflight, 405), ["method_not_allowed", undefined]);
    for (const answer of [preflight, await get(app, "/jobs", { origin: "https://a.example" })]) {
      const names = [...answer.headers.keys()];
      assert.ok(!names.some((name) => name.startsWith("access-control")));
    }
  });
});

describe("other methods and paths", () => {
  const app = newRouter({ publicAccess: "write" });

  test("a method that a path does not take is answered with those that it does", async () => {
    const allowed = { "/jobs": "POST, GET, HEAD", "/jobs/batch": "POST", "/stats": "GET, HEAD" };
    for (const [path, allow] of Object.entries(allowed)) {
      for (const method of ["OPTIONS", "PUT", "PATCH", "DELETE", "PURGE"]) {
        const { status, headers } = await call(app, path, { method });
        assert.deepEqual([status, headers.get("allow")], [405, allow], `${method} ${path}`);
      }
    }
  });

  test("HEAD is answered as GET is, without the body", async () => {
    const paths = ["/jobs", "/stats", "/openapi.json", "/jobs/1", "/nothing"];
    for (const path of paths) {
      const [asked, got] = [await app.request(path, { method: "HEAD" }), await app.request(path)];
      assert.equal(asked.status, got.status, path);
      assert.deepEqual([...asked.headers], [...got.headers]);
      assert.equal(await asked.text(), "");
    }
    assert.equal((await app.request("/jobs/batch", { method: "HEAD" })).status, 405);
  });

  test("a path that there is not is not found, by any method", async () => {
    for (const path of ["/", "/nothing", "/jobs/", "/jobs/a/b", "/constructor", "/__proto__"]) {
      for (const method of ["GET", "POST", "DELETE"]) {
        const answer = await call(app, path, { method });
        assert.deepEqual(errorOf(answer, 404), ["no_such_path", undefined], path);
      }
    }
  });
});
