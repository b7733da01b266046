import assert from "node:assert/strict";
import { describe } from "node:test";
import { job, JobQueue, WorkerPool } from "../../mod.ts";
import type { Notice, Pause, Store } from "../../src/store.ts";
import { definedFields } from "./answers.ts";
import { completed, defaultQueue, leaseOf, retrying, settlement } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";

const both = [defaultQueue, "mails"];

export function describePauses(test: TestStore): void {
  describe("a pause", () => {
    test("lets no job of its queue be claimed, and all of others", async (fixture) => {
      const { store, addAll } = fixture;
      await addAll([{}, { queueName: "mails" }]);
      await store.configure({ queueName: defaultQueue, pause: {} });
      assert.deepEqual(await claimedFrom(fixture), ["mails"]);
      await store.configure({ queueName: defaultQueue, pause: null });
      assert.deepEqual(await claimedFrom(fixture), [defaultQueue]);
    });

    test("of all queues ends by itself, and one of a queue by itself", async (fixture) => {
      const { store, addAll } = fixture;
      await addAll(both.map((queueName) => ({ queueName })));
      await store.configure({ pause: {} });
      await store.configure({ queueName: defaultQueue, pause: {} });
      assert.deepEqual(await claimedFrom(fixture), []);
      await store.configure({ pause: null });
      assert.deepEqual(await claimedFrom(fixture), ["mails"]);
      await store.configure({ pause: {} });
      await store.configure({ queueName: defaultQueue, pause: null });
      assert.deepEqual(await claimedFrom(fixture), []);
      await store.configure({ pause: null });
      assert.deepEqual(await claimedFrom(fixture), [defaultQueue]);
    });

    test("ends when its time is over, by the store's clock", async (fixture) => {
      const { store, clock, add } = fixture;
      await add();
      await store.configure({ queueName: defaultQueue, pause: { forMs: 1_000 } });
      clock.pass(999);
      assert.deepEqual(await claimedFrom(fixture), []);
      clock.pass(1);
      assert.deepEqual(await claimedFrom(fixture), [defaultQueue]);
      assert.deepEqual(await store.settings(), []);
      await add();
      await store.configure({ queueName: defaultQueue, pause: { until: clock.now() + 1_000 } });
      assert.deepEqual(await claimedFrom(fixture), []);
      clock.pass(1_000);
      assert.deepEqual(await claimedFrom(fixture), [defaultQueue]);
    });

    test("says when to ask again: at its end, or later if no job is due then", async (fixture) => {
      const { store, clock, add } = fixture;
      const pause = (forMs?: number) =>
        store.configure({ queueName: defaultQueue, pause: { forMs } });
      await pause(5_000);
      assert.equal(await nextInMs(fixture), undefined, "Nothing waits");
      await add({ delayMs: 60_000 });
      assert.equal(await nextInMs(fixture), 60_000);
      await add({ delayMs: 1_000 });
      assert.equal(await nextInMs(fixture), 5_000);
      await add();
      clock.pass(2_000);
      assert.equal(await nextInMs(fixture), 3_000);
      await store.configure({ pause: { forMs: 4_000 } });
      assert.equal(await nextInMs(fixture), 4_000, "Of the two that which ends later");
      await pause();
      assert.equal(await nextInMs(fixture), undefined, "It has no end");
      await pause(1);
      assert.equal(await nextInMs(fixture), undefined, "Nor a shorter one");
    });

    test("lets attempts go on that run, and takes what becomes of them", async (fixture) => {
      const { store, addAll, claim, settle, statusOf } = fixture;
      const [first] = await addAll(Array(3).fill({}));
      await addAll([{ dependsOn: [first!.job.id] }]);
      const [done, tried, open] = await claim();
      await store.configure({ queueName: defaultQueue, pause: {} });
      const claims = [{ queueName: defaultQueue, limit: 10, leaseMs: 1_000 }];
      const answer = await store.settleAndClaim({
        settlements: [settlement(done!, completed)],
        claims,
      });
      assert.deepEqual([answer.settled, answer.claimed], [["held"], []]);
      assert.equal(await settle(tried!, retrying), "held");
      assert.deepEqual(await store.extend([leaseOf(open!)], { leaseMs: 1_000 }), ["held"]);
      assert.deepEqual(await store.check([leaseOf(open!)]), ["held"]);
      assert.deepEqual(await Promise.all([done!, tried!, open!].map(({ id }) => statusOf(id))), [
        "completed",
        "retrying",
        "running",
      ]);
    });

    test("lets delays and back-off go on counting", async (fixture) => {
      const { store, clock, add, claim, claimOne, settle } = fixture;
      const late = await add();
      await settle(await claimOne(), retrying);
      const { id } = await add({ delayMs: 500 });
      await store.configure({ queueName: defaultQueue, pause: {} });
      clock.pass(60_000);
      await store.configure({ queueName: defaultQueue, pause: null });
      const claimed = await claim();
      assert.deepEqual(claimed.map((one) => [one.id, one.waitMs]), [
        [id, 59_500],
        [late.id, 59_000],
      ]);
    });

    test("lets leases expire, and what is swept is ready again", async (fixture) => {
      const { store, clock, add, claimOne, begin, sweep, statusOf } = fixture;
      const { id } = await add({ backoff: '{"type":"fixed","delayMs":0}' });
      await begin(await claimOne({ leaseMs: 1_000 }), 1_000);
      await store.configure({ pause: {} });
      clock.pass(1_001);
      assert.deepEqual((await sweep()).map((one) => one.id), [id]);
      assert.equal(await statusOf(id), "retrying");
      assert.deepEqual(await claimedFrom(fixture), []);
    });

    test("of which there are two is the one that ends later", async (fixture) => {
      const { store, clock } = fixture;
      const since = clock.now();
      const pause = async (
        forMs: number | undefined,
        reason: string,
      ): Promise<Pause | undefined> => {
        const by = `who said ${reason}`;
        const change = { queueName: "mails", pause: { forMs, reason, by } };
        const settings = await store.configure(change);
        assert.equal(settings?.queueName, "mails");
        assert.deepEqual((await store.settings()).map((one) => one.pause), [settings?.pause]);
        return settings?.pause;
      };
      const of = (until: number, reason: string) => ({
        since,
        until,
        reason,
        by: `who said ${reason}`,
      });
      assert.deepEqual(await pause(1_000, "first"), of(since + 1_000, "first"));
      clock.pass(100);
      assert.deepEqual(await pause(800, "shorter"), of(since + 1_000, "first"));
      assert.deepEqual(await pause(1_000, "longer"), of(since + 1_100, "longer"));
      assert.deepEqual(await pause(undefined, "for good"), of(Infinity, "for good"));
      assert.deepEqual(await pause(5_000, "a job's wish"), of(Infinity, "for good"));
      assert.equal(await store.configure({ queueName: "mails", pause: null }), undefined);
      assert.deepEqual(await store.settings(), []);
    });

    test("that begins when another one is over is a new one", async ({ store, clock }) => {
      const change = { queueName: "mails", pause: { forMs: 1_000, reason: "old", by: "Ada" } };
      await store.configure(change);
      clock.pass(1_000);
      const settings = await store.configure({ queueName: "mails", pause: { forMs: 10 } });
      assert.deepEqual(definedFields(settings!.pause!), {
        since: clock.now(),
        until: clock.now() + 10,
      });
    });

    test("that would be over at once is none", async (fixture) => {
      const { store, clock, add } = fixture;
      await add();
      const past = { queueName: defaultQueue, pause: { until: clock.now() } };
      assert.equal(await store.configure(past), undefined);
      assert.deepEqual(await store.settings(), []);
      assert.deepEqual(await claimedFrom(fixture), [defaultQueue]);
    });

    test("stands in the settings, that of all queues first, and in the health", async (fixture) => {
      const { store, clock, addAll } = fixture;
      await addAll(both.map((queueName) => ({ queueName })));
      for (const queueName of ["mails", undefined, "empty"]) {
        const forMs = queueName === "mails" ? undefined : 1_000;
        await store.configure({ queueName, pause: { forMs, reason: queueName ?? "all" } });
      }
      const settings = await store.settings();
      assert.deepEqual(settings.map(({ queueName }) => queueName), [undefined, "empty", "mails"]);
      const reasons = async () =>
        (await store.health()).queues.map(({ queueName, pause }) => [queueName, pause?.reason]);
      assert.deepEqual(await reasons(), [
        ["empty", "empty"],
        ["mails", "mails"],
        [defaultQueue, "all"],
      ]);
      clock.pass(1_000);
      assert.deepEqual(await reasons(), [["mails", "mails"], [defaultQueue, undefined]]);
    });

    test("and its end are told before their answers", async ({ store }) => {
      const notices: Notice[] = [];
      const end = store.onNotice?.((notice) => notices.push(notice));
      for (const queueName of ["mails", undefined]) {
        for (const pause of [{}, null]) {
          notices.length = 0;
          await store.configure({ queueName, pause });
          const type = pause === null ? "ready" : "paused";
          const isTold = notices.some((notice) =>
            notice.type !== "cancelled" && notice.type !== "missed" && notice.type === type &&
            notice.queueName === queueName
          );
          assert.ok(isTold, JSON.stringify(notices));
        }
      }
      end?.();
    }, "notices");
  });

  describe("a worker whose queue is paused", () => {
    test("starts no job after the answer, and hands back what it held", async ({ store }) => {
      const queue = new JobQueue({ store });
      await queue.enqueue(Array.from({ length: 400 }, () => job(defaultQueue, {})));
      let started = 0;
      // Quick jobs first, so that the worker holds others before it has a place for them.
      const worker = queue.worker(defaultQueue, async () => {
        if (++started === 100) await store.configure({ queueName: defaultQueue, pause: {} });
      }, { concurrency: 1 });
      const result = await worker.tick();
      assert.deepEqual([result.completed, started], [100, 100]);
      assert.ok(result.released > 0, "Some were held");
      const { jobs } = await queue.find({ status: "ready", limit: 1_000 });
      assert.deepEqual(new Set(jobs.map(({ attempts }) => attempts)), new Set([0]));
      assert.equal(jobs.length, 300);
    }, "notices");

    test("lets the other queues of its pool go on", async ({ store }) => {
      const queue = new JobQueue({ store });
      await queue.enqueue(both.flatMap((name) => Array.from({ length: 50 }, () => job(name, {}))));
      await store.configure({ queueName: defaultQueue, pause: {} });
      const pool = new WorkerPool(both.map((name) => queue.worker(name, () => {})));
      assert.equal((await pool.tick()).completed, 50);
      await store.configure({ queueName: defaultQueue, pause: null });
      assert.equal((await pool.tick()).completed, 50);
    });

    test("hands back what a claim brings that was under way", async ({ store }) => {
      const late = new Proxy(store, {
        get(_, name) {
          const value = Reflect.get(store, name) as unknown;
          if (typeof value !== "function") return value;
          if (name !== "settleAndClaim") return value.bind(store);
          return async (...args: Parameters<Store["settleAndClaim"]>) => {
            const answer = await store.settleAndClaim(...args);
            if (answer.claimed.length > 0) {
              await store.configure({ queueName: defaultQueue, pause: {} });
            }
            return answer;
          };
        },
      });
      const queue = new JobQueue({ store: late });
      await queue.enqueue(Array.from({ length: 5 }, () => job(defaultQueue, {})));
      const { completed, released } = await queue.worker(defaultQueue, () => {}).tick();
      assert.deepEqual([completed, released], [0, 5]);
      const { jobs } = await queue.find({ status: "ready" });
      assert.deepEqual(jobs.map(({ attempts }) => attempts), [0, 0, 0, 0, 0]);
    }, "notices");

    test("hands back those of which nobody knows whether they have begun", async (fixture) => {
      const { store, clock, addAll, claim, sweep } = fixture;
      await addAll(Array(4).fill({}));
      await claim({ leaseMs: 100 });
      clock.pass(101);
      assert.equal((await sweep()).length, 4);
      const queue = new JobQueue({ store });
      // They begin one after another; the first pauses the queue.
      const worker = queue.worker(defaultQueue, async () => {
        await store.configure({ queueName: defaultQueue, pause: {} });
      });
      const { completed, released } = await worker.tick();
      assert.deepEqual([completed, released], [1, 3]);
    }, "notices");

    test("says after its tick when the pause ends", async (fixture) => {
      const { store, add, clock } = fixture;
      const worker = new JobQueue({ store }).worker(defaultQueue, () => {});
      await store.configure({ pause: { forMs: 30_000 } });
      await add();
      assert.equal((await worker.tick()).nextInMs, 30_000);
      await store.configure({ pause: {} });
      assert.equal((await worker.tick()).nextInMs, undefined);
      await store.configure({ pause: null });
      clock.pass(1);
      assert.equal((await worker.tick()).completed, 1);
    });

    test("is woken by the end of the pause", async ({ store }) => {
      const queue = new JobQueue({ store });
      for (const queueName of [defaultQueue, undefined]) {
        await store.configure({ queueName, pause: {} });
        await queue.enqueue(defaultQueue, {});
        let hasRun = () => {};
        const ran = new Promise<void>((resolve) => hasRun = resolve);
        const worker = queue.worker(defaultQueue, () => hasRun(), { pollMs: 600_000 });
        const run = worker.run();
        await store.configure({ queueName, pause: null });
        await ran;
        await worker.stop();
        assert.equal((await run).completed, 1);
      }
    }, "notices");
  });
}

/** The queues, in order, of the jobs that are ready in both. */
async function claimedFrom({ store }: Fixture): Promise<readonly string[]> {
  const claims = both.map((queueName) => ({ queueName, limit: 10, leaseMs: 60_000 }));
  const { claimed } = await store.settleAndClaim({ settlements: [], claims });
  return claimed.map(({ queueName }) => queueName);
}

async function nextInMs({ store }: Fixture): Promise<number | undefined> {
  const claims = [{ queueName: defaultQueue, limit: 10, leaseMs: 60_000 }];
  const { claimed, nextInMs } = await store.settleAndClaim({ settlements: [], claims });
  assert.deepEqual(claimed, []);
  return nextInMs[0];
}
