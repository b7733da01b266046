import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Hono } from "hono";
import { type Job, JobQueue, memory, StoreUnavailableError } from "../../mod.ts";
import { bearerToken, jobRouter, type JobRouterOptions } from "../../src/http.ts";
import { operations } from "../../src/http/operations/operations.ts";

/** The parts of a document that the test goes by. */
interface Document {
  readonly openapi: string;
  readonly servers: readonly { readonly url: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Described>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, object>> };
}

interface Described {
  readonly operationId: string;
  readonly security: readonly object[];
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Content };
  readonly responses: Readonly<Record<string, Response_>>;
}

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly schema: object;
  readonly example: unknown;
}

interface Response_ {
  readonly content: Content;
  readonly headers?: Readonly<Record<string, { readonly schema: object }>>;
}

type Content = {
  readonly "application/json": { readonly schema: object; readonly example?: unknown };
};

const MOUNT = "/admin/queue";
const TOKEN = "a-secret";
const json = { "content-type": "application/json" };

describe("the OpenAPI document", () => {
  let queue: JobQueue;
  let app: Hono;
  let document: Document;
  let ajv: Ajv2020;

  beforeEach(async () => {
    queue = new JobQueue({ store: memory(), baggage: true });
    app = new Hono();
    const tokens = [
      { token: TOKEN, right: "write" },
      { token: "reader", right: "read" },
      { token: "sender", right: "enqueue" },
    ] as const;
    const authorize = bearerToken({ tokens });
    app.route(MOUNT, jobRouter(queue, { authorize, onError: () => {} }));
    document = await (await send(`${MOUNT}/openapi.json`)).json() as Document;
    // Strict: a keyword that the dialect does not have is an error.
    ajv = new Ajv2020({ strict: true, strictRequired: false, allErrors: true });
    ajv.addKeyword("components");
    ajv.addFormat("date-time", /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    ajv.addFormat("uuid", /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    ajv.addSchema({ $id: "document", components: document.components });
  });

  const send = (path: string, init: RequestInit = {}) =>
    app.request(path, {
      ...init,
      headers: { authorization: `Bearer ${TOKEN}`, ...init.headers as Record<string, string> },
    });

  /** A schema of the document's, its references taken as the document's own. */
  function assertFits(schema: object, value: unknown, what: string): void {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"document#/components');
    const validate = ajv.compile(JSON.parse(text));
    assert.ok(validate(value), `${what}: ${ajv.errorsText(validate.errors)}`);
  }

  async function assertDocumented(described: Described, response: Response): Promise<unknown> {
    const { operationId, responses } = described;
    const what = `${operationId} ${response.status}`;
    const documented = responses[response.status];
    assert.ok(documented, `${what} is documented`);
    const body = await response.json();
    assertFits(documented.content["application/json"].schema, body, what);
    for (const [name, { schema }] of Object.entries(documented.headers ?? {})) {
      const header = response.headers.get(name);
      if (header !== null) assertFits(schema, header, `${what} ${name}`);
    }
    return body;
  }

  const documented = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, described]) => ({ path, method, described }))
    );

  /** The request that the document describes, by its own examples. */
  function exampleRequest(path: string, method: string, described: Described, id?: string) {
    const { parameters = [], requestBody } = described;
    const query = new URLSearchParams();
    const headers: Record<string, string> = {};
    let filled = path;
    for (const { name, in: place, example } of parameters) {
      if (place === "path") {
        const value = name === "id" && id !== undefined ? id : String(example);
        filled = filled.replace(`{${name}}`, encodeURIComponent(value));
      } else if (place === "header") headers[name] = String(example);
      else if (name !== "parentId") {
        for (const one of [example].flat()) query.append(name, String(one));
      }
    }
    const example = requestBody?.content["application/json"].example;
    const init: RequestInit = { method: method.toUpperCase(), headers };
    if (requestBody !== undefined) {
      Object.assign(init, { headers: { ...headers, ...json }, body: JSON.stringify(example) });
    }
    const [server] = document.servers;
    return { url: `${server!.url}${filled}${query.size > 0 ? `?${query}` : ""}`, init };
  }

  async function failedJob(): Promise<Job> {
    const { id } = await queue.enqueue("failing", { a: 1 }, {
      maxAttempts: 1,
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      correlationId: "order-12345",
      backoff: { type: "fixed", delayMs: 1 },
      timeoutMs: 1_000,
    });
    await queue.worker("failing", async (_job, ctx) => {
      await ctx.enqueue("part", 1);
      throw new Error("no");
    }).tick();
    await queue.worker("part", () => ({ result: 1 })).tick();
    return (await queue.get(id))!;
  }

  test("says of each operation what it is: every example is accepted, every answer fits", async () => {
    for (const { path, method, described } of documented()) {
      const failed = await failedJob();
      const waiting = await queue.enqueue("waiting", 1);
      const id = described.operationId === "cancelJob" ? waiting.id : failed.id;
      const { url, init } = exampleRequest(path, method, described, id);
      const response = await send(url, init);
      assert.ok(response.status < 300, `${described.operationId} ${response.status}`);
      await assertDocumented(described, response);
      for (const { schema, example, name } of described.parameters ?? []) {
        assertFits(schema, example, `${described.operationId} ${name}`);
      }
      const { schema, example } = described.requestBody?.content["application/json"] ?? {};
      if (schema !== undefined) assertFits(schema, example, `${described.operationId} body`);
    }
  });

  test("describes lists that are not empty, and a job enqueued again", async () => {
    await failedJob();
    const seen: Record<string, number> = {};
    for (const { path, method, described } of documented()) {
      if (described.operationId === "enqueueJob") {
        const { url, init } = exampleRequest(path, method, described);
        for (const status of [201, 200]) {
          const response = await send(url, init);
          assert.equal(response.status, status);
          await assertDocumented(described, response);
        }
      }
      if (
        !["findJobs", "getTrace", "getCorrelation", "getStats"]
          .includes(described.operationId)
      ) continue;
      const { url } = exampleRequest(path, method, described);
      const body = await assertDocumented(described, await send(url.split("?")[0]!));
      const lists = Object.values(body as object).filter(Array.isArray);
      seen[described.operationId] = lists.flat().length;
    }
    assert.deepEqual(Object.values(seen).filter((length) => length === 0), []);
    assert.equal(Object.keys(seen).length, 4);
  });

  test("says of each operation whether it is open to everybody", async () => {
    const securities = async (options: JobRouterOptions, init: RequestInit = {}) => {
      const response = await jobRouter(queue, options).request("/openapi.json", init);
      const { security, paths } = await response.json() as Document & { security?: unknown };
      assert.equal(security, undefined);
      return [paths["/jobs"]!.get!.security, paths["/jobs"]!.post!.security];
    };
    const [everybody, whoHasToken] = [[], [{ bearer: [] }]];
    const authorize = bearerToken(TOKEN);
    const headers = { authorization: `Bearer ${TOKEN}` };
    assert.deepEqual(await securities({ authorize }, { headers }), [whoHasToken, whoHasToken]);
    assert.deepEqual(await securities({ authorize, publicAccess: "read" }), [
      everybody,
      whoHasToken,
    ]);
    assert.deepEqual(await securities({ publicAccess: "write" }), [everybody, everybody]);
  });

  test("has every error that an operation answers", async () => {
    const unknown = "01987654-3210-7abc-8def-00000000dead";
    const { id: ended } = await queue.enqueue("a", 1);
    await queue.worker("a", () => {}).tick();
    for (const { path, method, described } of documented()) {
      const { url, init } = exampleRequest(path, method, described, unknown);
      const seen = new Set<number>();
      const sees = async (url: string, init: RequestInit) => {
        const response = await send(url, init);
        seen.add(response.status);
        await assertDocumented(described, response);
      };
      await sees(url, { ...init, headers: { authorization: "Bearer other" } });
      for (const token of ["reader", "sender"]) {
        await sees(url, { ...init, headers: { ...json, authorization: `Bearer ${token}` } });
      }
      await sees(url.includes("?") ? `${url}&wrong=1` : `${url}?wrong=1`, init);
      if (path.includes("{id}")) await sees(url, init);
      if (described.requestBody !== undefined) {
        const headers = { ...init.headers, ...json } as Record<string, string>;
        await sees(url, { ...init, headers: { ...headers, "content-type": "text/plain" } });
        await sees(url, { ...init, headers: { ...headers, origin: "https://evil.example" } });
        await sees(url, { ...init, body: "x".repeat(1_048_577) });
        if (path.includes("{id}")) await sees(url.replace(unknown, ended), init);
        const taken = { id: ended, queueName: "b", payload: 2 };
        const body = path === "/jobs" ? taken : { jobs: [taken] };
        if (!path.includes("{id}")) {
          const { "idempotency-key": _, ...bare } = headers;
          await sees(url, { ...init, headers: bare, body: JSON.stringify(body) });
        }
      }
      const { store } = queue;
      if (described.operationId !== "getDocument") {
        for (const error of [new StoreUnavailableError("full"), new Error("broken")]) {
          const fail = () => Promise.reject(error);
          const broken = Object.create(
            store,
            Object.fromEntries(
              ["add", "get", "find", "counts", "health", "cancel", "retry"]
                .map((name) => [name, { value: fail }]),
            ),
          );
          Object.assign(queue, { store: broken });
          await sees(url, init);
          Object.assign(queue, { store });
        }
      }
      const documented = Object.keys(described.responses).map(Number).filter((one) => one >= 400);
      // The document itself needs no store that could fail.
      const expected = documented.filter((one) =>
        one < 500 || described.operationId !== "getDocument"
      );
      assert.deepEqual(
        [...seen].filter((one) => one >= 400).sort(),
        expected.sort(),
        described.operationId,
      );
    }
  });

  test("has the routes that there are, and no other", async () => {
    const inDocument = documented().map(({ path, method }) => `${method.toUpperCase()} ${path}`);
    const listed = operations.map(({ method, path }) => `${method} ${path}`);
    assert.deepEqual(inDocument.sort(), listed.sort());
    assert.equal(new Set(inDocument).size, inDocument.length);
    const methods = ["GET", "POST", "PUT", "PATCH", "DELETE"];
    const routed = new Set(
      jobRouter(queue, { publicAccess: "write" }).routes.map(({ path }) => path),
    );
    routed.delete("/*");
    const paths = Object.keys(document.paths).map((path) =>
      path.replace(/\{\w+\}/, ":jobRouterId")
    );
    assert.deepEqual([...routed].sort(), paths.sort());
    for (const path of Object.keys(document.paths)) {
      const taken: string[] = [];
      for (const method of methods) {
        const { status } = await send(`${MOUNT}${path.replace(/\{\w+\}/, "a")}`, { method });
        if (status !== 405) taken.push(method);
      }
      const described = Object.keys(document.paths[path]!).map((method) => method.toUpperCase());
      assert.deepEqual(taken.sort(), described.sort(), path);
    }
  });

  test("is OpenAPI 3.1 whose every reference leads somewhere", () => {
    assert.match(document.openapi, /^3\.1\./);
    const text = JSON.stringify(document);
    const references = [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)];
    assert.ok(references.length > 50);
    for (const [, name] of references) assert.ok(document.components.schemas[name!], name);
    const ids = documented().map(({ described }) => described.operationId);
    assert.equal(new Set(ids).size, ids.length);
  });
});
