import { createNoopMeter, type Meter, metrics, ValueType } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import {
  job,
  JobQueue,
  memory,
  NonRetryableError,
  observeQueueDepth,
  type Store,
  WorkerPool,
} from "../../mod.ts";
import { version } from "../../src/version.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { registerMeter, type Series } from "./meter.ts";

const SENT = "messaging.client.sent.messages";
const CONSUMED = "messaging.client.consumed.messages";
const OPERATION = "messaging.client.operation.duration";
const PROCESS = "messaging.process.duration";
const ENDED = "hammerwork.job.ended";
const WAIT = "hammerwork.job.wait.duration";
const STATUS = "hammerwork.job.status";
const QUEUE = "messaging.destination.name";
const NAME = "messaging.operation.name";
const TYPE = "messaging.operation.type";

const bounds = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

const newQueue = () => new JobQueue({ store: memory() });

/** A queue over a store of which one call is replaced. */
function queueWith(replaced: Partial<Store>): JobQueue {
  return new JobQueue({ store: Object.assign(memory(), replaced) });
}

const only = (series: readonly Series[], metric: string) => {
  const found = series.filter((one) => one.metric === metric);
  assert.equal(found.length, 1, metric);
  return found[0]!;
};

afterEach(() => metrics.disable());

describe("metrics follow the messaging conventions", () => {
  test("for a job that is sent, claimed and run", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    await queue.enqueue("email", {});
    await queue.worker("email", () => new Promise((resolve) => setTimeout(resolve, 20))).tick();
    const series = await meter.collect();
    const common = { "messaging.system": "hammerwork", [QUEUE]: "email" };

    assert.deepEqual(only(series, SENT), {
      metric: SENT,
      unit: "{message}",
      description: "Number of messages producer attempted to send to the broker.",
      attributes: { ...common, [NAME]: "send" },
      value: 1,
      sum: undefined,
      boundaries: undefined,
    });
    assert.deepEqual(only(series, CONSUMED), {
      metric: CONSUMED,
      unit: "{message}",
      description: "Number of messages that were delivered to the application.",
      attributes: { ...common, [NAME]: "receive" },
      value: 1,
      sum: undefined,
      boundaries: undefined,
    });
    const { sum, ...process } = only(series, PROCESS);
    assert.deepEqual(process, {
      metric: PROCESS,
      unit: "s",
      description: "Duration of processing operation.",
      attributes: { ...common, [NAME]: "process" },
      value: 1,
      boundaries: bounds,
    });
    // Timers may be early by a fraction of a millisecond.
    assert.ok(sum! > 0.015 && sum! < 5, `${sum} s`);
    for (const one of series.filter(({ metric }) => metric === OPERATION)) {
      assert.deepEqual(
        [one.unit, one.description, one.boundaries],
        [
          "s",
          "Duration of messaging operation initiated by a producer or consumer client.",
          bounds,
        ],
      );
      assert.ok(one.sum! >= 0 && one.sum! < 5, `${one.sum} s`);
    }
  });

  test("with the library's version and its conventions, and what is counted as integers", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    const endObserving = observeQueueDepth(queue);
    await queue.enqueue([job("email", {}), job("email", {})]);
    await queue.worker("email", () => {}).tick({ maxJobs: 1 });
    const { scope, metrics } = await meter.scope();
    endObserving();
    assert.equal(scope.version, version);
    assert.equal(scope.schemaUrl, "https://opentelemetry.io/schemas/1.44.0");
    const types = Object.fromEntries(
      metrics.map(({ descriptor }) => [descriptor.name, descriptor.valueType]),
    );
    assert.deepEqual(types, {
      [SENT]: ValueType.INT,
      [CONSUMED]: ValueType.INT,
      [OPERATION]: ValueType.DOUBLE,
      [PROCESS]: ValueType.DOUBLE,
      [ENDED]: ValueType.INT,
      [WAIT]: ValueType.DOUBLE,
      "hammerwork.queue.jobs": ValueType.INT,
      "hammerwork.queue.oldest_ready_job.age": ValueType.DOUBLE,
      "hammerwork.queue.paused": ValueType.INT,
    });
  });

  test("so that each call of the store is one operation of its name", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    await queue.enqueue("email", {});
    await queue.worker("email", () => {}).tick({ maxJobs: 1 });
    assert.deepEqual(await meter.values(OPERATION, NAME, TYPE, QUEUE), {
      "send send email": 1,
      "receive receive email": 1,
      "settle settle email": 1,
    });
    // With room for more, the outcome is recorded and the next job claimed in one call.
    await queue.enqueue("email", {});
    await queue.worker("email", () => {}).tick();
    assert.deepEqual(await meter.values(OPERATION, NAME, TYPE, QUEUE), {
      "send send email": 2,
      "receive receive email": 2,
      "settle settle email": 1,
      "settle_and_claim email": 1,
    });
  });

  test("for a batch: each job is counted under its queue, and the call is one operation", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    const names = ["email", "payment", "email", "email", "payment"];
    await queue.enqueue(names.map((name) => job(name, {})));
    await new WorkerPool([queue.worker("email", () => {}), queue.worker("payment", () => {})])
      .tick();
    assert.deepEqual(await meter.values(SENT, QUEUE), { email: 3, payment: 2 });
    assert.deepEqual(await meter.values(CONSUMED, QUEUE), { email: 3, payment: 2 });
    assert.deepEqual(await meter.values(PROCESS, QUEUE), { email: 3, payment: 2 });
    // Where the queues differ there is no one destination.
    assert.equal((await meter.values(OPERATION, NAME, QUEUE))["send"], 1);
  });

  test("for a job that was there before: it is an attempt to send all the same", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    for (let i = 0; i < 3; i++) await queue.enqueue("email", {}, { idempotencyKey: "once" });
    await queue.worker("email", () => {}).tick();
    assert.deepEqual(await meter.values(SENT, QUEUE), { email: 3 });
    assert.deepEqual(await meter.values(CONSUMED, QUEUE), { email: 1 });
  });

  test("for bad input: nothing was sent", async () => {
    const meter = registerMeter();
    await assert.rejects(newQueue().enqueue("email", { at: new Date() }), TypeError);
    assert.deepEqual(await meter.collect(), []);
  });

  test("for each attempt of a job", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    await queue.enqueue("email", {}, { maxAttempts: 3, backoff: { type: "fixed", delayMs: 0 } });
    let attempts = 0;
    const worker = queue.worker("email", () => {
      if (++attempts < 3) throw new TypeError("not yet");
    });
    while (attempts < 3) await worker.tick();
    assert.deepEqual(await meter.values(PROCESS, "error.type"), { "TypeError": 2, "": 1 });
    assert.deepEqual(await meter.values(CONSUMED, QUEUE), { email: 3 });
  });
});

test("what is claimed and released unbegun is no consumed message", async () => {
  const meter = registerMeter();
  const store = memory();
  let claimed = 0;
  const settleAndClaim = store.settleAndClaim.bind(store);
  store.settleAndClaim = async (request) => {
    const result = await settleAndClaim(request);
    claimed += result.claimed.length;
    return result;
  };
  const queue = new JobQueue({ store });
  await queue.enqueue(Array.from({ length: 3_000 }, () => job("email", {})));
  let attempts = 0;
  // Quick jobs are claimed before there is a place for them.
  const worker = queue.worker("email", () => {
    if (++attempts === 1_500) void worker.stop();
  });
  await worker.run();
  assert.ok(claimed > attempts, `${claimed} claimed for ${attempts} attempts`);
  assert.deepEqual(await meter.values(CONSUMED, QUEUE), { email: attempts });
});

describe("error.type is the class of the error", () => {
  test("of an attempt that failed, timed out, was cancelled or threw what is no error", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    const handlers: Record<string, (id: string) => unknown> = {
      range: () => {
        throw new RangeError("secret 1");
      },
      final: () => {
        throw new NonRetryableError("secret 2");
      },
      string: () => {
        throw "secret 3";
      },
      hanging: () => new Promise(() => {}),
      cancelled: async (id) => {
        await queue.cancel(id);
        await new Promise(() => {});
      },
      well: () => "done",
    };
    const names = Object.keys(handlers);
    await queue.enqueue(names.map((name) => job(name, {}, { maxAttempts: 1 })));
    await new WorkerPool(names.map((name) =>
      queue.worker(name, ({ id }) => handlers[name]!(id), {
        timeoutMs: name === "hanging" ? 10 : 30_000,
      })
    )).tick();
    assert.deepEqual(await meter.values(PROCESS, QUEUE, "error.type"), {
      "range RangeError": 1,
      "final NonRetryableError": 1,
      "string NonError": 1,
      "hanging JobTimeoutError": 1,
      "cancelled JobCancelledError": 1,
      "well": 1,
    });
  });

  test("of a store that refuses jobs or fails in a turn", async () => {
    const meter = registerMeter();
    const refuse = () => Promise.reject(new RangeError("secret"));
    const queue = queueWith({ add: refuse, settleAndClaim: refuse });
    await assert.rejects(queue.enqueue([job("email", {}), job("email", {})]), RangeError);
    await assert.rejects(queue.worker("email", () => {}, { onError: () => {} }).tick(), RangeError);
    assert.deepEqual(await meter.values(SENT, QUEUE, "error.type"), { "email RangeError": 2 });
    assert.deepEqual(await meter.values(CONSUMED, QUEUE), {});
    assert.deepEqual(await meter.values(OPERATION, NAME, "error.type"), {
      "send RangeError": 1,
      "receive RangeError": 3,
    });
  });

  test("of at most a hundred kinds, and never a sentence", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    await queue.enqueue(Array.from({ length: 300 }, (_, i) => job("email", i, { maxAttempts: 1 })));
    await queue.worker("email", ({ payload }) => {
      const name = Number(payload) < 10 ? `Order ${payload} failed` : `Order_${payload}_Error`;
      throw Object.assign(new Error(), { name });
    }).tick();
    const counts = await meter.values(PROCESS, "error.type");
    assert.equal(Object.keys(counts).length, 101);
    assert.equal(counts["_OTHER"], 200);
  });
});

describe("how jobs end", () => {
  test("is counted once for each job, apart from its attempts, and is 0 before", async () => {
    const meter = registerMeter();
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    const counts = () => meter.values(ENDED, QUEUE, STATUS);
    const worker = queue.worker("email", (job) => {
      if (job.attempts < 3) throw new Error("again");
    }, { backoff: { type: "fixed", delayMs: 0 } });
    await queue.enqueue("email", {});
    await worker.tick({ maxJobs: 1 });
    assert.deepEqual(await counts(), {
      "email completed": 0,
      "email failed": 0,
      "email cancelled": 0,
    });
    for (let n = 0; n < 3; n++) await worker.tick();
    await queue.enqueue("email", {}, { maxAttempts: 2 });
    for (let n = 0; n < 3; n++) await worker.tick();
    const cancelling = queue.worker("mails", (job) => queue.cancel(job.id));
    await queue.enqueue("mails", {});
    await cancelling.tick();
    assert.deepEqual(await counts(), {
      "email completed": 1,
      "email failed": 1,
      "email cancelled": 0,
      "mails completed": 0,
      "mails failed": 0,
      "mails cancelled": 1,
    });
    assert.deepEqual(await meter.values(CONSUMED, QUEUE), { email: 5, mails: 1 });
  });

  test("counts a job whose last lease expired", async () => {
    const meter = registerMeter();
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    await queue.enqueue("email", {}, { maxAttempts: 1 });
    const claims = [{ queueName: "email", limit: 1, leaseMs: 1_000 }];
    const { claimed: [job] } = await queue.store.settleAndClaim({ settlements: [], claims });
    const lease = { jobId: job!.id, leaseToken: job!.leaseToken, attempt: "begins" } as const;
    await queue.store.extend([lease], { leaseMs: 1_000 });
    clock.pass(2_000);
    await queue.worker("email", () => {}, { maintenanceMs: 0 }).tick();
    assert.equal((await queue.get(job!.id))?.status, "failed");
    assert.deepEqual(await meter.values(ENDED, STATUS), { completed: 0, failed: 1, cancelled: 0 });
  });
});

test("how long a job was due before its attempt began is measured by queue", async () => {
  const meter = registerMeter();
  const clock = manualClock();
  const queue = new JobQueue({ store: memory({ now: clock.now }) });
  await queue.enqueue("email", {}, { delayMs: 60_000 });
  clock.pass(100_000);
  await queue.worker("email", () => {}).tick();
  const { unit, value, sum, attributes } = only(await meter.collect(), WAIT);
  assert.deepEqual([unit, value, attributes], [
    "s",
    1,
    { "messaging.system": "hammerwork", [QUEUE]: "email" },
  ]);
  assert.ok(sum! >= 40 && sum! < 45, `${sum} s`);
});

describe("the series stay few", () => {
  test("10,000 jobs with ids and payloads of their own make no more series than ten", async () => {
    const meter = registerMeter();
    const queue = newQueue();
    const run = async (count: number) => {
      const jobs = Array.from(
        { length: count },
        (_, i) =>
          job("email", { to: `${i}@example.com` }, {
            correlationId: `order-${i}`,
            idempotencyKey: `key-${count}-${i}`,
          }),
      );
      await queue.enqueue(jobs);
      await queue.enqueue("email", {});
      await queue.worker("email", () => {}, { concurrency: 1_000 }).tick();
      return (await meter.collect()).length;
    };
    const few = await run(10);
    assert.equal(await run(10_000), few);
    assert.deepEqual(await meter.values(SENT, QUEUE), { email: 10_012 });
    assert.deepEqual(await meter.values(PROCESS, QUEUE), { email: 10_012 });
    const allowed = new Set(["messaging.system", NAME, TYPE, QUEUE, STATUS, "error.type"]);
    const names = (await meter.collect()).flatMap(({ attributes }) => Object.keys(attributes));
    assert.deepEqual(names.filter((name) => !allowed.has(name)), []);
  });
});

describe("a provider", () => {
  const workOne = async (queue: JobQueue): Promise<void> => {
    await queue.enqueue("email", {});
    assert.equal((await queue.worker("email", () => {}).tick()).completed, 1);
  };

  test("that is missing costs no instrument", async () => {
    const noop = createNoopMeter();
    const made: string[] = [];
    const spied = ["createCounter", "createHistogram", "createObservableGauge"] as const;
    for (const name of spied) {
      Object.defineProperty(noop, name, { value: () => made.push(name), configurable: true });
    }
    try {
      await workOne(newQueue());
    } finally {
      for (const name of spied) Reflect.deleteProperty(noop, name);
    }
    assert.deepEqual(made, []);
  });

  test("that is registered after the first jobs counts from then on", async () => {
    const queue = newQueue();
    await workOne(queue);
    const meter = registerMeter();
    await workOne(queue);
    assert.deepEqual(await meter.values(SENT, QUEUE), { email: 1 });
    assert.deepEqual(await meter.values(PROCESS, QUEUE), { email: 1 });
  });

  test("that takes another's place counts from then on, and the other no more", async () => {
    const queue = newQueue();
    const first = registerMeter();
    await workOne(queue);
    metrics.disable();
    await workOne(queue);
    const second = registerMeter();
    await workOne(queue);
    await workOne(queue);
    assert.deepEqual(await first.values(SENT, QUEUE), { email: 1 });
    assert.deepEqual(await second.values(SENT, QUEUE), { email: 2 });
  });

  test("that throws wherever it can changes nothing", async () => {
    const fail = () => {
      throw new Error("The meter is broken");
    };
    const instrument = { add: fail, record: fail };
    const broken: Partial<Meter>[] = [
      { createCounter: fail, createHistogram: fail },
      { createCounter: () => instrument, createHistogram: () => instrument },
    ];
    const providers = [fail, ...broken.map((meter) => () => meter as Meter)];
    for (const getMeter of providers) {
      metrics.setGlobalMeterProvider({ getMeter });
      const queue = newQueue();
      await queue.enqueue("email", {}, { maxAttempts: 1 });
      await queue.enqueue([job("email", {}), job("email", {})]);
      let runs = 0;
      const worker = queue.worker("email", () => {
        if (++runs === 1) throw new TypeError("once");
      });
      const { completed, failed } = await worker.tick();
      assert.deepEqual({ completed, failed }, { completed: 2, failed: 1 });
      metrics.disable();
    }
  });

  test("that throws leaves a store's own error as it is", async () => {
    const fail = () => {
      throw new Error("The meter is broken");
    };
    const instrument = { add: fail, record: fail };
    const meter = { createCounter: () => instrument, createHistogram: () => instrument };
    metrics.setGlobalMeterProvider({ getMeter: () => meter as unknown as Meter });
    const queue = queueWith({ add: () => Promise.reject(new RangeError("no such dependency")) });
    await assert.rejects(queue.enqueue("email", {}), /RangeError: no such dependency/);
  });
});
