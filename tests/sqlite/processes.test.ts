import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, test } from "node:test";
import { attemptsOf } from "../conformance/answers.ts";
import { job, JobQueue, type JobStatus, newTraceId, type Store } from "../../mod.ts";
import { sqlite } from "../../src/store/sqlite.ts";
import { notesIn } from "./workers/run_record.ts";
import { startProgram } from "./workers/start_program.ts";
import { temporaryFolder } from "./workers/temporary_folder.ts";
import { until } from "../until.ts";

const timeout = 60_000;

describe("several processes on one SQLite file", () => {
  test("four drain 5,000 jobs and run each exactly once", { timeout }, async (t) => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    const records = [1, 2, 3, 4].map((number) => join(folder.path, `worker ${number}`));
    await using programs = new AsyncDisposableStack();
    const workers = records.map((record) =>
      programs.use(startProgram("work.ts", { database, record, queueName: "orders" }))
    );
    await Promise.all(workers.map(({ said }) => said("ready")));
    await using queue = new JobQueue({ store: await sqlite(database) });
    const jobs = await queue.enqueue(Array.from({ length: 5_000 }, (_, i) => job("orders", i)));
    await until("all are completed", 40_000, async () => await count(queue.store) === 5_000);
    for (const { signal } of workers) signal("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended()));
    const runs = records.map((record) => notesIn(record).filter(({ what }) => what === "start"));
    t.diagnostic(`runs per process: ${runs.map(({ length }) => length).join(", ")}`);
    assert.deepEqual(runs.flat().map(({ id }) => id).sort(), jobs.map(({ id }) => id).sort());
    assert.ok(runs.filter(({ length }) => length > 0).length > 1, "More than one must have a part");
  });

  test("a trace whose jobs end in two of them at once ends once", { timeout }, async () => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    await using programs = new AsyncDisposableStack();
    const workers = ["a", "b"].map((queueName) =>
      programs.use(
        startProgram("work.ts", { database, record: join(folder.path, queueName), queueName }),
      )
    );
    await Promise.all(workers.map(({ said }) => said("ready")));
    await using queue = new JobQueue({ store: await sqlite(database) });
    const traceIds = Array.from({ length: 500 }, newTraceId);
    await queue.enqueue(
      traceIds.flatMap((traceId) => ["a", "b"].map((queueName) => job(queueName, {}, { traceId }))),
    );
    await until("all are completed", 40_000, async () => await count(queue.store) === 1_000);
    for (const { signal } of workers) signal("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended()));
    const ends = await queue.store.traceEnds!.claim({ limit: 1_000, leaseMs: 60_000 });
    assert.deepEqual(ends.map(({ traceId }) => traceId).sort(), traceIds.sort());
    assert.ok(ends.every(({ epoch }) => epoch === 1));
  });

  test("what a killed worker had is completed by another", { timeout }, async (t) => {
    const [leaseMs, queueName] = [1_000, "orders"];
    using folder = temporaryFolder();
    const [database, record] = [join(folder.path, "jobs.db"), join(folder.path, "killed")];
    await using victim = startProgram("work.ts", {
      database,
      record,
      queueName,
      leaseMs,
      handlerMs: 50,
    });
    await victim.said("ready");
    await using queue = new JobQueue({ store: await sqlite(database) });
    const backoff = { type: "fixed", delayMs: 0 } as const;
    await queue.enqueue(Array.from({ length: 200 }, (_, i) => job(queueName, i, { backoff })));
    await until("it is in the middle", 10_000, () => notesIn(record).length > 60);
    victim.signal("SIGKILL");
    await using heir = queue.worker(queueName, () => "another", { leaseMs });
    void heir.run();
    await until("all are completed", leaseMs + 2_000, async () => await count(queue.store) === 200);

    const startedByVictim = new Set(notesIn(record).map(({ id }) => id));
    let takenOver = 0;
    for (const { id, result, attempts } of (await queue.find({ limit: 200 })).jobs) {
      const history = await attemptsOf(queue.store, id);
      // Nobody settled the others, and one that perhaps never began is not counted.
      assert.ok(history.length === attempts - 1 || history.length === attempts);
      assert.ok(history.every(({ outcome }) => outcome === "lease_expired"));
      const isSettledByVictim = startedByVictim.has(id) && history.length === 0;
      assert.equal(result, isSettledByVictim ? record : "another");
      takenOver += history.length;
    }
    t.diagnostic(`taken over: ${takenOver}`);
    assert.ok(takenOver > 0, "It must have been killed with jobs in its hands");
  });

  test("a late settlement changes nothing", { timeout }, async () => {
    using folder = temporaryFolder();
    const [database, queueName] = [join(folder.path, "jobs.db"), "orders"];
    await using queue = new JobQueue({ store: await sqlite(database) });
    const { id } = await queue.enqueue(queueName, {});
    await using late = startProgram("settle_late.ts", { database, queueName, leaseMs: 200 });
    assert.equal(await late.said("claimed"), id);
    const worker = queue.worker(queueName, () => "in time", { maintenanceMs: 10, pollMs: 10 });
    await until("another has completed it", 5_000, async () => {
      await worker.tick();
      return (await queue.get(id))?.status === "completed";
    });
    const before = await queue.get(id);
    late.signal("SIGCONT");
    assert.equal(await late.said("settled"), "lost, extended lost");
    await late.ended();
    assert.deepEqual(await queue.get(id), before);
    assert.equal(before?.result, "in time");
  });

  test("a worker that was stopped past its lease counts its job as lost", { timeout }, async () => {
    using folder = temporaryFolder();
    const [database, queueName] = [join(folder.path, "jobs.db"), "orders"];
    await using queue = new JobQueue({ store: await sqlite(database) });
    const record = join(folder.path, "late");
    const work = { database, record, queueName, leaseMs: 300, handlerMs: 100, stops: true };
    await using late = startProgram("work.ts", work);
    await late.said("ready");
    const { id } = await queue.enqueue(queueName, {});
    await until("it runs", 10_000, () => notesIn(record).length > 0);
    const worker = queue.worker(queueName, () => "in time", { maintenanceMs: 10, pollMs: 10 });
    await until("another has completed it", 5_000, async () => {
      await worker.tick();
      return (await queue.get(id))?.status === "completed";
    });
    const before = await queue.get(id);
    late.signal("SIGCONT");
    await until("its handler returned", 5_000, () => notesIn(record).length > 1);
    late.signal("SIGTERM");
    const result = JSON.parse(await late.said("result"));
    assert.deepEqual([result.completed, result.leaseExpired], [0, 1]);
    assert.deepEqual(await queue.get(id), before);
  });

  test("two enqueue the same orders while two others drain them", { timeout }, async () => {
    using folder = temporaryFolder();
    const [database, queueName] = [join(folder.path, "jobs.db"), "orders"];
    const records = ["first", "second"].map((name) => join(folder.path, name));
    await using programs = new AsyncDisposableStack();
    // Nobody has made the file before: four processes open it as new at once.
    const workers = records.map((record) =>
      programs.use(startProgram("work.ts", { database, record, queueName }))
    );
    const enqueuers = [1, 2].map(() =>
      programs.use(startProgram("enqueue.ts", { database, queueName, count: 500 }))
    );
    const deduplicated = await Promise.all(enqueuers.map(({ said }) => said("deduplicated")));
    assert.equal(deduplicated.map(Number).reduce((a, b) => a + b), 500);
    const store = await sqlite(database);
    await until("all are completed", 20_000, async () => await count(store) === 500);
    for (const { signal } of workers) signal("SIGTERM");
    await Promise.all(workers.map(({ ended }) => ended()));
    const runs = records.flatMap(notesIn).filter(({ what }) => what === "start");
    assert.equal(new Set(runs.map(({ id }) => id)).size, 500);
    assert.equal(runs.length, 500);
    await store.close();
  });

  test("dependents start after their dependencies in another process", { timeout }, async () => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    const [payments, mails] = [join(folder.path, "payments"), join(folder.path, "mails")];
    await using programs = new AsyncDisposableStack();
    for (const record of [payments, mails]) {
      const queueName = record === payments ? "payments" : "mails";
      programs.use(startProgram("work.ts", { database, record, queueName }));
    }
    const enqueuer = programs.use(startProgram("enqueue_pairs.ts", { database, count: 300 }));
    await enqueuer.said("done");
    await using queue = new JobQueue({ store: await sqlite(database) });
    await until("all are completed", 20_000, async () => await count(queue.store) === 600);
    const ends = new Map(notesIn(payments).map(({ id, what, at }) => [`${what} ${id}`, at]));
    const starts = notesIn(mails).filter(({ what }) => what === "start");
    assert.equal(starts.length, 300);
    for (const { id, at } of starts) {
      const [payment] = (await queue.get(id))!.dependsOn;
      assert.ok(ends.get(`end ${payment}`)! <= at, "A mail must start after its payment's end");
    }
  });

  test("a new file is opened by several at once, again and again", { timeout }, async () => {
    using folder = temporaryFolder();
    for (let round = 0; round < 6; round++) {
      const database = join(folder.path, `${round}.db`);
      await using programs = new AsyncDisposableStack();
      const writers = Array.from(
        { length: 5 },
        () => programs.use(startProgram("contend.ts", { database, forMs: 20 })),
      );
      await Promise.all(writers.map(({ ended }) => ended()));
    }
  });

  test("eight that write all the time wait a few seconds at most", { timeout }, async (t) => {
    using folder = temporaryFolder();
    const database = join(folder.path, "jobs.db");
    await using programs = new AsyncDisposableStack();
    const writers = Array.from(
      { length: 8 },
      () => programs.use(startProgram("contend.ts", { database, forMs: 4_000 })),
    );
    const said = await Promise.all(writers.map(({ said }) => said("enqueued")));
    const results = said.map((text): { count: number; slowestMs: number } => JSON.parse(text));
    const slowestMs = Math.max(...results.map((one) => one.slowestMs));
    t.diagnostic(`the slowest enqueue took ${Math.round(slowestMs)} ms`);
    assert.ok(slowestMs < 4_000, `${slowestMs}`);
    await using queue = new JobQueue({ store: await sqlite(database) });
    const total = results.reduce((sum, one) => sum + one.count, 0);
    assert.equal(await count(queue.store, "ready"), total);
  });
});

async function count(store: Store, status: JobStatus = "completed"): Promise<number> {
  const counts = (await store.counts()).filter((one) => one.status === status);
  return counts.reduce((sum, one) => sum + one.count, 0);
}
