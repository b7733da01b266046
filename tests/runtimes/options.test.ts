import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as core from "../../mod.ts";
import * as client from "../../src/client.ts";
import * as http from "../../src/http.ts";
import * as operateEntry from "../../src/operate.ts";
import * as pageEntry from "../../src/page.ts";
import * as postgresEntry from "../../src/store/postgres.ts";
import * as sqliteEntry from "../../src/store/sqlite.ts";
import * as tracingEntry from "../../src/tracing.ts";
import { Worker } from "../../src/worker/worker.ts";

const { createJobSpan, job, JobQueue, memory, observeQueueDepth, RetryAfterError, WorkerPool } =
  core;
const { JobClient } = client;
const { bearerToken, jobRouter } = http;
const { operate } = operateEntry;
const { page } = pageEntry;

const queue = new JobQueue({ store: memory() });
const worker = queue.worker("queue", () => {});
const pool = new WorkerPool([worker]);
const url = "http://127.0.0.1:1";
const caller = new JobClient({
  url,
  fetch: () => assert.fail("what is misspelled must not be sent"),
});
// At its start workerd has no random numbers to make one.
const id = "00000000-0000-7000-8000-000000000000";

interface Taking {
  /** Gives it the options. */
  readonly call: (options: never) => unknown;
  /** What else must be given. */
  readonly rest?: object;
  /** Whether it takes other things than an object too, or says of them what it takes in all. */
  readonly takesMore?: boolean;
}

/** Everything public that takes options, by its name; what follows the name says which of several. */
const taking: Readonly<Record<string, Taking>> = {
  "job": { call: (options) => job("queue", {}, options) },
  "job, its backoff": {
    call: (backoff) => job("queue", {}, { backoff }),
    rest: { type: "fixed", delayMs: 1 },
    takesMore: true,
  },
  "RetryAfterError": { call: (options) => new RetryAfterError(options), rest: { delayMs: 1 } },
  "memory": { call: (options) => memory(options) },
  "sqlite": { call: (options) => sqliteEntry.sqlite(":memory:", options) },
  "postgres": {
    call: (options) => postgresEntry.postgres("postgres://127.0.0.1:1/shop", options),
  },
  "observeQueueDepth": { call: (options) => observeQueueDepth(queue, options) },
  "createJobSpan": {
    call: (rules) =>
      createJobSpan(
        { id, queueName: "queue", traceId: "1".repeat(32), attempts: 1, maxAttempts: 1 },
        "process",
        rules,
      ),
  },
  "initTracing": { call: (options) => tracingEntry.initTracing(options) },
  "JobQueue": { call: (options) => new JobQueue(options) },
  "JobQueue, its retention": {
    call: (retentionMs) => new JobQueue({ store: queue.store, retentionMs }),
    takesMore: true,
  },
  "JobQueue, the retention of a queue": {
    call: (own) => new JobQueue({ store: queue.store, retentionMs: { queues: { audit: own } } }),
    takesMore: true,
  },
  "JobQueue.enqueue": { call: (options) => queue.enqueue("queue", {}, options) },
  "JobQueue.enqueue, a job that was made": {
    call: (options) => queue.enqueue(job("queue", {}), options),
  },
  "JobQueue.enqueue, a list": {
    call: (options) => queue.enqueue([job("queue", {})], options),
  },
  "JobQueue.enqueueFor": { call: (options) => queue.enqueueFor([job("queue", {})], options) },
  "JobQueue.find": { call: (filter) => queue.find(filter) },
  "JobQueue.tree": { call: (filter) => queue.tree(filter) },
  "JobQueue.stats": { call: (options) => queue.stats(options) },
  "JobQueue.cancel": { call: (options) => queue.cancel(id, options) },
  "JobQueue.retry": { call: (options) => queue.retry(id, options) },
  "JobQueue.worker": { call: (options) => queue.worker("queue", () => {}, options) },
  "Worker": { call: (options) => new Worker(queue as never, "queue", () => {}, options) },
  "Worker.tick": { call: (options) => worker.tick(options) },
  "Worker.run": { call: (options) => worker.run(options) },
  "Worker.stop": { call: (options) => worker.stop(options) },
  "WorkerPool": { call: (options) => new WorkerPool([worker], options) },
  "WorkerPool.tick": { call: (options) => pool.tick(options) },
  "WorkerPool.run": { call: (options) => pool.run(options) },
  "WorkerPool.stop": { call: (options) => pool.stop(options) },
  "JobClient": { call: (options) => new JobClient(options) },
  "JobClient.enqueue": { call: (options) => caller.enqueue("queue", {}, options) },
  "JobClient.find": { call: (filter) => caller.find(filter) },
  "JobClient.tree": { call: (filter) => caller.tree(filter) },
  "JobClient.stats": { call: (options) => caller.stats(options) },
  "JobClient.cancel": { call: (options) => caller.cancel(id, options) },
  "JobClient.retry": { call: (options) => caller.retry(id, options) },
  "operate, its cancel": { call: (options) => operate(queue).cancel({ ids: [id] }, options) },
  "operate, its retry": { call: (options) => operate(queue).retry({ ids: [id] }, options) },
  "operate, its reschedule": {
    call: (options) => operate(queue).reschedule({ ids: [id] }, options),
  },
  "operate, its delete": { call: (options) => operate(queue).delete({ ids: [id] }, options) },
  "operate, its pause": { call: (options) => operate(queue).pause("queue", options) },
  "operate, its filters": { call: (filter) => operate(queue).cancel(filter) },
  "jobRouter": { call: (options) => jobRouter(queue, options) },
  "page": { call: (options) => page(options) },
  "bearerToken": { call: (tokens) => bearerToken(tokens), takesMore: true },
  "bearerToken, one of several": {
    call: (one) => bearerToken({ tokens: [one] }),
    rest: { token: "a-secret", right: "read" },
  },
};

const takingNone: readonly string[] = [
  "correlationIdFrom",
  "hasEnded",
  "logFields",
  "newCorrelationId",
  "newTraceId",
  "postgresMigrations",
  "readTraceId",
  "sqliteMigrations",
  "timeline",
  "JobQueue.close",
  "JobQueue.get",
  "JobClient.get",
];

/** What the entries export that can be called, and the methods of the classes among it. */
function everythingToCall(): string[] {
  const exported = [
    core,
    client,
    http,
    operateEntry,
    pageEntry,
    postgresEntry,
    sqliteEntry,
    tracingEntry,
  ]
    .flatMap((entry) => Object.entries(entry))
    .concat(Object.entries({ Worker }));
  const instances: readonly object[] = [queue, caller, worker, pool];
  return exported.flatMap(([name, value]) => {
    if (typeof value !== "function") return [];
    // Of errors few take more than a message.
    if (value.prototype instanceof Error) return name in taking ? [name] : [];
    const instance = instances.find((one) => one.constructor === value) ?? value.prototype ?? {};
    return [name, ...methodsOf(instance).map((method) => `${name}.${method}`)];
  });
}

function methodsOf(instance: object): string[] {
  const names = new Set<string>();
  for (let at = instance; at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) {
      const value: unknown = Object.getOwnPropertyDescriptor(at, name)!.value;
      if (typeof value === "function" && name !== "constructor") names.add(name);
    }
  }
  return [...names];
}

async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof TypeError, String(error));
    return error.message;
  }
  assert.fail("it was taken");
}

/** The names that are said to be there. */
function namesIn(message: string): readonly string[] {
  const [, names] = /'s options? (?:are|is) (.+?): got "/.exec(message) ?? [];
  assert.ok(names, message);
  return names.split(", ");
}

/** A letter twice, two letters swapped, one left out, all of them small. */
function misspelled(name: string): readonly string[] {
  return [
    name[0] + name,
    name[1]! + name[0] + name.slice(2),
    name.slice(0, -1),
    name.toLowerCase(),
    name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`),
  ].filter((one) => one !== name);
}

describe("options", () => {
  test("everything public that takes options is looked at here", () => {
    const known = Object.keys(taking).map((name) => name.replace(/, .*/, ""));
    assert.deepEqual(
      [...new Set(everythingToCall())].sort(),
      [...new Set([...known, ...takingNone])].sort(),
    );
  });

  for (const [name, { call, rest, takesMore = false }] of Object.entries(taking)) {
    const give = (options: unknown) => refusal(() => call(options as never));

    test(`${name}: an unknown one is refused with the names that there are`, async () => {
      const message = await give({ ...rest, zzzzzzzz: 1 });
      assert.match(message, /^[A-Z].*'s options? (are|is) \w+(, \w+)*: got "zzzzzzzz"$/);
    });

    test(`${name}: a misspelled one is refused with the nearest right name`, async () => {
      const names = namesIn(await give({ ...rest, zzzzzzzz: 1 }));
      // A third of the letters may be wrong, so nothing is near to `by`.
      for (const right of names.filter(({ length }) => length > 2)) {
        for (const wrong of misspelled(right)) {
          const message = await give({ ...rest, [wrong]: undefined });
          assert.ok(message.endsWith(`: got "${wrong}"; did you mean ${right}?`), message);
        }
      }
    });

    test(`${name}: what is no object of options is refused`, async () => {
      if (takesMore) return;
      for (
        const [value, said] of [
          [null, "null"],
          ["text", '"text"'],
          [5, "number"],
          [() => {}, "function"],
          [[], "an Array"],
          [new Map(), "a Map"],
          [new AbortController().signal, "an AbortSignal"],
          [Promise.resolve({}), "a Promise"],
        ] as const
      ) {
        assert.match(await give(value), new RegExp(`'s options must be an object: got ${said}$`));
      }
    });
  }

  test("an option that is undefined is one that was left out", async () => {
    memory({ now: undefined });
    new JobQueue({ store: memory(), baggage: undefined, maxPayloadBytes: undefined });
    new WorkerPool([worker], { concurrency: undefined });
    queue.worker("queue", () => {}, { onError: undefined, concurrency: undefined });
    jobRouter(queue, { publicAccess: "read", page: undefined, authorize: undefined });
    page({ title: undefined });
    assert.equal(job("queue", {}, { priority: undefined }).priority, undefined);
    await worker.tick({ maxJobs: undefined, signal: undefined });
    await queue.find({ limit: undefined, status: undefined });
  });

  test("options can be of a class, or without a prototype", () => {
    class Limits {
      concurrency = 5;
    }
    new WorkerPool([worker], new Limits());
    memory(Object.assign(Object.create(null), { now: () => 0 }));
  });

  test("a part of a name stands for the whole, and a name that is far from all for none", async () => {
    const find = (name: string) => refusal(() => queue.find({ [name]: "x" } as never));
    assert.match(await find("queue"), /did you mean queueName\?$/);
    assert.match(await find("parentId"), /did you mean parent\?$/);
    assert.match(await find("dis"), /did you mean ids\?$/);
    assert.match(await find("abc"), /: got "abc"$/);
    assert.match(await find("__proto__"), /: got "__proto__"$/);
    assert.match(await find("x".repeat(1_000_000)), /: got "x{60}…"$/);
  });

  test("jobs that were made take no options but a transaction, at a client none", async () => {
    const made = job("queue", {});
    assert.equal(
      await refusal(() => queue.enqueue(made, { delayMs: 5 } as never)),
      `With jobs made by job(), enqueue's option is transaction: got "delayMs"`,
    );
    for (const jobs of [made, [made]]) {
      const enqueue = caller.enqueue as (jobs: unknown, options: object) => Promise<unknown>;
      assert.equal(
        await refusal(() => enqueue(jobs, { transaction: {} })),
        'With jobs made by job(), enqueue has no options: got "transaction"',
      );
    }
  });

  test("a bearer token is given in one form", async () => {
    const both = { tokens: [{ token: "a", right: "read" }], write: "b" };
    assert.equal(
      await refusal(() => bearerToken(both as never)),
      "A bearer token's options are tokens, or read and write: got both",
    );
  });

  test("over HTTP the nearest name is said of bodies and queries too", async () => {
    const app = jobRouter(queue, { publicAccess: "write" });
    const headers = { "content-type": "application/json" };
    const messageOf = async (path: string, body?: object) => {
      const response = await app.request(
        path,
        body && { method: "POST", headers, body: JSON.stringify(body) },
      );
      assert.equal(response.status, 400);
      return (await response.json()).error.message as string;
    };
    const newJob = { queueName: "queue", payload: {}, maxAtempts: 1 };
    assert.match(
      await messageOf("/jobs", newJob),
      /: got "maxAtempts"; did you mean maxAttempts\?$/,
    );
    assert.match(await messageOf("/jobs?stauts=failed"), /got "stauts"; did you mean status\?$/);
    assert.match(
      await messageOf(`/jobs/${id}/retry`, { forced: true }),
      /: got "forced"; did you mean force\?$/,
    );
  });
});
