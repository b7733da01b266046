import { diag, type DiagLogger, DiagLogLevel, type Meter, metrics } from "@opentelemetry/api";
import assert from "node:assert/strict";
import { afterEach, describe, test } from "node:test";
import { job, JobQueue, memory, observeQueueDepth } from "../../mod.ts";
import { manualClock } from "../conformance/manual_clock.ts";
import { registerMeter } from "./meter.ts";

const JOBS = "hammerwork.queue.jobs";
const AGE = "hammerwork.queue.oldest_ready_job.age";
const PAUSED = "hammerwork.queue.paused";
const QUEUE = "messaging.destination.name";
const STATE = "hammerwork.job.state";

const endings: (() => void)[] = [];
const observe = (...args: Parameters<typeof observeQueueDepth>) => {
  const end = observeQueueDepth(...args);
  endings.push(end);
  return end;
};

afterEach(() => {
  for (const end of endings.splice(0)) end();
  metrics.disable();
  diag.disable();
});

/** What OpenTelemetry's own logger gets. */
function warnings(): string[] {
  const told: string[] = [];
  const warn = (sentence: string) => void told.push(sentence);
  const quiet = () => {};
  const logger: DiagLogger = { warn, error: warn, info: quiet, debug: quiet, verbose: quiet };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
  return told;
}

describe("the depth of queues", () => {
  test("is reported by queue and state, with the age of the oldest ready job", async () => {
    const clock = manualClock();
    const queue = new JobQueue({ store: memory({ now: clock.now }) });
    await queue.enqueue([job("email", {}), job("payment", {}, { delayMs: 60_000 })]);
    clock.pass(1_500);
    await queue.enqueue([job("email", {}), job("email", {})]);
    const meter = registerMeter();
    observe(queue);
    const series = await meter.collect();
    const common = { "messaging.system": "hammerwork" };
    const jobs = (name: string, state: string, value: number) => ({
      metric: JOBS,
      unit: "{job}",
      description: "Number of jobs that have not ended.",
      attributes: { ...common, [QUEUE]: name, [STATE]: state },
      value,
      sum: undefined,
      boundaries: undefined,
    });
    const age = (name: string, value: number) => ({
      metric: AGE,
      unit: "s",
      description: "Time since the oldest ready job became due.",
      attributes: { ...common, [QUEUE]: name },
      value,
      sum: undefined,
      boundaries: undefined,
    });
    const paused = (name: string, value: number) => ({
      ...age(name, value),
      metric: PAUSED,
      unit: "{queue}",
      description: "Whether the queue is paused: 1 or 0.",
    });
    assert.deepEqual(series, [
      jobs("email", "ready", 3),
      jobs("email", "running", 0),
      jobs("email", "waiting", 0),
      jobs("payment", "ready", 0),
      jobs("payment", "running", 0),
      jobs("payment", "waiting", 1),
      age("email", 1.5),
      age("payment", 0),
      paused("email", 0),
      paused("payment", 0),
    ]);
  });

  test("tells which queues are paused, also one without jobs, and 0 once one is resumed", async () => {
    const queue = new JobQueue({ store: memory() });
    const meter = registerMeter();
    observe(queue);
    await queue.enqueue("email", {});
    await queue.store.configure({ queueName: "idle", pause: {} });
    assert.deepEqual(await meter.values(PAUSED, QUEUE), { email: 0, idle: 1 });
    await queue.store.configure({ pause: {} });
    await queue.store.configure({ queueName: "idle", pause: null });
    assert.deepEqual(await meter.values(PAUSED, QUEUE), { email: 1, idle: 0 });
    await queue.store.configure({ pause: null });
    assert.deepEqual(await meter.values(PAUSED, QUEUE), { email: 0, idle: 0 });
  });

  test("tells running jobs, and is 0 when a queue has run dry", async () => {
    const queue = new JobQueue({ store: memory() });
    const meter = registerMeter();
    observe(queue);
    assert.deepEqual(await meter.values(JOBS, QUEUE, STATE), {});
    await queue.enqueue("email", {});
    const seen: Record<string, number>[] = [];
    await queue.worker("email", async () => void seen.push(await meter.values(JOBS, STATE))).tick();
    assert.deepEqual(seen, [{ ready: 0, running: 1, waiting: 0 }]);
    assert.deepEqual(await meter.values(JOBS, STATE), { ready: 0, running: 0, waiting: 0 });
    assert.deepEqual(await meter.values(AGE, QUEUE), { email: 0 });
  });

  test("is asked for once for each collection, and no more when it is ended", async () => {
    const queue = new JobQueue({ store: memory() });
    await queue.enqueue("email", {});
    let asked = 0;
    const counted = { store: { health: () => (asked++, queue.store.health()) } };
    const meter = registerMeter();
    const end = observe(counted);
    await meter.collect();
    await meter.collect();
    assert.equal(asked, 2);
    end();
    end();
    await meter.collect();
    assert.equal(asked, 2);
  });

  test("follows a provider that comes later, and one that takes its place", async () => {
    const queue = new JobQueue({ store: memory() });
    observe(queue);
    const first = registerMeter();
    await queue.enqueue("email", {}); // meets the provider
    assert.deepEqual(await first.values(JOBS, STATE), { ready: 1, running: 0, waiting: 0 });
    metrics.disable();
    const second = registerMeter();
    await queue.enqueue("email", {});
    assert.deepEqual(await second.values(JOBS, STATE), { ready: 2, running: 0, waiting: 0 });
    await queue.enqueue("email", {});
    const old = await first.collect();
    assert.ok(old.every(({ metric, value }) => metric !== JOBS || value < 2), "no more asked");
  });

  test("is a gap, with a warning, where the store fails", async () => {
    const told = warnings();
    const queue = new JobQueue({ store: memory() });
    const meter = registerMeter();
    const failures = [
      () => Promise.reject(new Error("The server is away")),
      () => {
        throw new Error("The store is closed");
      },
      () => queue.store.health(),
    ];
    observe({ store: { health: () => failures.shift()!() } });
    await queue.enqueue("email", {});
    assert.deepEqual(await meter.values(JOBS, STATE), {});
    assert.deepEqual(await meter.values("messaging.client.sent.messages", QUEUE), { email: 1 });
    assert.deepEqual(told, [
      "The depth of the queues is unknown: The server is away",
      "The depth of the queues is unknown: The store is closed",
    ]);
    assert.deepEqual(await meter.values(JOBS, STATE), { ready: 1, running: 0, waiting: 0 });
  });

  test("holds up no collection where the store hangs, and does not ask it again meanwhile", async () => {
    const told = warnings();
    const queue = new JobQueue({ store: memory() });
    const meter = registerMeter();
    let asked = 0;
    let answer = () => {};
    const health = async () => {
      if (++asked === 1) await new Promise<void>((resolve) => answer = resolve);
      return await queue.store.health();
    };
    observe({ store: { health } }, { timeoutMs: 10 });
    await queue.enqueue("email", {});
    assert.deepEqual(await meter.values("messaging.client.sent.messages", QUEUE), { email: 1 });
    assert.deepEqual(await meter.values(JOBS, STATE), {});
    assert.equal(asked, 1);
    assert.equal(
      told[0],
      "The depth of the queues is unknown: the store did not answer within 10 ms",
    );
    answer();
    assert.deepEqual(await meter.values(JOBS, STATE), { ready: 1, running: 0, waiting: 0 });
  });

  test("leaves a meter alone that throws", () => {
    const fail = () => {
      throw new Error("The meter is broken");
    };
    const gauge = { addCallback: fail, removeCallback: fail };
    const broken: Partial<Meter>[] = [
      {},
      { createObservableGauge: fail },
      { createObservableGauge: () => gauge, addBatchObservableCallback: fail },
      {
        createObservableGauge: () => gauge,
        addBatchObservableCallback: () => {},
        removeBatchObservableCallback: fail,
      },
    ];
    for (const meter of broken) {
      metrics.setGlobalMeterProvider({ getMeter: () => meter as Meter });
      observe(new JobQueue({ store: memory() }))();
      metrics.disable();
    }
  });

  test("waits a sensible time, or says what that is", () => {
    const queue = new JobQueue({ store: memory() });
    for (const timeoutMs of [0, -1, 1.5, NaN, 2 ** 31]) {
      assert.throws(() => observe(queue, { timeoutMs }), /timeoutMs must be .*: got/);
    }
  });
});
