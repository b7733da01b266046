import assert from "node:assert/strict";
import { describe } from "node:test";
import { job, JobQueue, RetryAfterError } from "../../mod.ts";
import type { Change, ClaimedJob, Notice } from "../../src/store.ts";
import { attemptsOf, definedFields } from "./answers.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import {
  completed,
  defaultQueue,
  failed,
  failure,
  neverStarted,
  released,
  retrying,
  settlement,
  snoozed,
} from "./inputs.ts";

const traceparent = "00-550e8400e29b41d4a716446655440000-b7ad6b7169203331-01";
const leaseMs = 1_000;

export function describeSnoozing(test: TestStore): void {
  describe("a job whose handler asks to be run again later", () => {
    test("waits for that time, has used up no attempt, and is not remembered", async (fixture) => {
      const { add, claim, claimOne, settle, get, clock, store } = fixture;
      const { id } = await add({ maxAttempts: 1 });
      const job = await claimOne();
      clock.pass(100);
      assert.equal(await settle(job, snoozed, { runMs: 40, traceparent }), "held");
      const record = await get(id);
      assert.deepEqual([record.status, record.attempts, record.snoozes], ["scheduled", 0, 1]);
      assert.deepEqual([record.runAt, record.finishedAt], [clock.now() + 2_000, undefined]);
      assert.deepEqual([record.startedAt, record.error], [clock.now() - 40, undefined]);
      assert.equal(record.attemptTraceparent, traceparent);
      assert.deepEqual(await attemptsOf(store, id), []);
      clock.pass(1_999);
      assert.deepEqual(await claim(), []);
      clock.pass(1);
      const { attempts, snoozes, attemptTraceparent, waitMs } = await claimOne();
      assert.deepEqual([attempts, snoozes, waitMs], [1, 1, 0]);
      assert.equal(attemptTraceparent, traceparent);
    });

    test("is claimed with the number of the attempt that it had, however often", async (fixture) => {
      const { add, claimOne, settle, get, clock } = fixture;
      const { id } = await add({ maxAttempts: 2 });
      await settle(await claimOne(), { ...retrying, delayMs: 0 });
      for (let snoozes = 0; snoozes < 5; snoozes++) {
        const job = await claimOne();
        assert.deepEqual([job.attempts, job.snoozes, job.maxAttempts], [2, snoozes, 2]);
        await settle(job, snoozed);
        assert.deepEqual([(await get(id)).attempts, (await get(id)).error], [1, undefined]);
        clock.pass(2_000);
      }
      await settle(await claimOne(), completed);
      const { status, attempts, snoozes } = await get(id);
      assert.deepEqual([status, attempts, snoozes], ["completed", 2, 0]);
    });

    const ends:
      readonly (readonly [string, (fixture: Fixture, job: ClaimedJob) => Promise<unknown>])[] = [
        ["completes", settledAs(completed)],
        ["fails", settledAs(failed)],
        ["is to be retried", settledAs(retrying)],
        ["is released", settledAs(released)],
        ["is lost", async (fixture, job) => {
          await fixture.begin(job, leaseMs);
          await expire(fixture);
        }],
        ["is cancelled", ({ store }, job) => store.cancel(job.id, { error: failure })],
      ];
    for (const [name, end] of ends) {
      test(`is counted anew when an attempt ${name}`, async (fixture) => {
        const { add, claimOne, settle, get } = fixture;
        const { id } = await add();
        await settle(await claimOne(), { ...snoozed, delayMs: 0 });
        await end(fixture, await claimOne({ leaseMs }));
        assert.equal((await get(id)).snoozes, 0);
      });
    }

    const noEnds = [
      ["was not started", settledAs(neverStarted)],
      ["perhaps never began", (fixture: Fixture) => expire(fixture)],
    ] as const;
    for (const [name, end] of noEnds) {
      test(`is counted on when an attempt ${name}`, async (fixture) => {
        const { add, claimOne, settle, get } = fixture;
        const { id } = await add();
        await settle(await claimOne(), { ...snoozed, delayMs: 0 });
        await end(fixture, await claimOne({ leaseMs }));
        assert.equal((await get(id)).snoozes, 1);
      });
    }

    test("begins its releases anew", async ({ add, claimOne, settle, get }) => {
      const { id } = await add();
      await settle(await claimOne(), released);
      await settle(await claimOne(), snoozed);
      const { releases, snoozes } = await get(id);
      assert.deepEqual([releases, snoozes], [0, 1]);
    });

    test("keeps its dependents waiting, and its trace from ending", async (fixture) => {
      const { add, claimOne, settle, statusOf, clock, store } = fixture;
      const { id, traceId } = await add();
      const dependent = await add({ dependsOn: [id], traceId });
      await settle(await claimOne(), snoozed);
      assert.equal(await statusOf(dependent.id), "blocked");
      const ends = () => store.traceEnds!.claim({ limit: 10, leaseMs: 1_000 });
      assert.deepEqual(await ends(), []);
      const other = { traceId, exceptJobId: dependent.id };
      assert.equal(await store.traceEnds!.hasUnfinished(other), true);
      clock.pass(2_000);
      await settle(await claimOne(), completed);
      await settle(await claimOne(), completed);
      assert.deepEqual((await ends()).map((end) => [end.traceId, end.epoch]), [[traceId, 1]]);
    }, "traceEnds");

    test("can be cancelled while it waits, and retried after that", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), snoozed);
      await store.cancel(id, { error: failure });
      const { status, attempts, snoozes } = await get(id);
      assert.deepEqual([status, attempts, snoozes], ["cancelled", 0, 0]);
      await store.retry(id);
      const again = await claimOne();
      assert.deepEqual([again.id, again.attempts, again.snoozes], [id, 1, 0]);
    });

    test("is found by its status, with its count, and is counted as scheduled", async (fixture) => {
      const { add, claimOne, settle, get, store } = fixture;
      const { id } = await add();
      await settle(await claimOne(), snoozed);
      const { jobs } = await store.find({ statuses: ["scheduled"], limit: 10 });
      assert.deepEqual(jobs.map(definedFields), [definedFields(await get(id))]);
      const counts = await store.counts();
      assert.deepEqual(counts.map(({ status, count }) => [status, count]), [["scheduled", 1]]);
    });

    test("is answered with the others of its batch", async ({ addAll, claim, store, get }) => {
      await addAll(Array(4).fill({}));
      const jobs = await claim();
      const changes = [snoozed, completed, retrying, { ...snoozed, delayMs: 60_000 }];
      const settlements = jobs.map((job, i) => settlement(job, changes[i]!));
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.deepEqual(settled, ["held", "held", "held", "held"]);
      const records = await Promise.all(jobs.map(({ id }) => get(id)));
      assert.deepEqual(
        records.map(({ status, attempts, snoozes }) => [status, attempts, snoozes]),
        [["scheduled", 0, 1], ["completed", 1, 0], ["retrying", 1, 0], ["scheduled", 0, 1]],
      );
    });

    test("can have its queue paused as long, in the same step", async (fixture) => {
      const { addAll, claimOne, claim, clock, store } = fixture;
      await addAll([{}, {}, { queueName: "mails" }]);
      const change = { ...snoozed, pauseReason: "The gateway answered 429" };
      const { settled, claimed, nextInMs } = await store.settleAndClaim({
        settlements: [settlement(await claimOne(), change)],
        claims: [defaultQueue, "mails"].map((queueName) => ({ queueName, limit: 9, leaseMs })),
      });
      assert.deepEqual(settled, ["held"]);
      assert.deepEqual(claimed.map(({ queueName }) => queueName), ["mails"]);
      assert.deepEqual(nextInMs, [2_000, undefined]);
      assert.deepEqual((await store.settings()).map(({ queueName, pause }) => [queueName, pause]), [
        [defaultQueue, {
          since: clock.now(),
          until: clock.now() + 2_000,
          reason: "The gateway answered 429",
          by: undefined,
        }],
      ]);
      clock.pass(1_999);
      assert.deepEqual(await claim(), []);
      clock.pass(1);
      assert.equal((await claim()).length, 2);
      assert.deepEqual(await store.settings(), []);
    });

    test("shortens no pause, and the longest of several that are asked for holds", async (fixture) => {
      const { addAll, claim, clock, store } = fixture;
      await addAll(Array(4).fill({}));
      const jobs = await claim();
      const snooze = async (delays: readonly number[]) => {
        const settlements = delays.map((delayMs) =>
          settlement(jobs[next++]!, { ...snoozed, delayMs, pauseReason: `for ${delayMs}` })
        );
        await store.settleAndClaim({ settlements, claims: [] });
        const [{ pause } = {}] = await store.settings();
        return [pause!.until - clock.now(), pause!.reason, pause!.by];
      };
      let next = 0;
      assert.deepEqual(await snooze([1_000, 3_000, 2_000]), [3_000, "for 3000", undefined]);
      const until = clock.now() + 60_000;
      const pause = { until, reason: "The provider is down", by: "ada" };
      await store.configure({ queueName: defaultQueue, pause });
      assert.deepEqual(await snooze([10_000]), [60_000, "The provider is down", "ada"]);
    });

    test("pauses nothing when its lease does not hold any more", async (fixture) => {
      const { add, claimOne, settle, store } = fixture;
      await add();
      const job = await claimOne();
      await settle(job, completed);
      const change = { ...snoozed, pauseReason: "The gateway answered 429" };
      assert.equal(await settle(job, change), "lost");
      assert.deepEqual(await store.settings(), []);
    });

    test("has workers of this process told of the pause before the answer", async (fixture) => {
      const { add, claimOne, settle, store } = fixture;
      const notices: Notice[] = [];
      const end = store.onNotice?.((notice) => notices.push(notice));
      await add();
      await settle(await claimOne(), { ...snoozed, pauseReason: "The gateway answered 429" });
      const paused = notices.filter(({ type }) => type === "paused");
      end?.();
      // A store that also hears itself as others do may tell it again.
      const expected = { type: "paused", queueName: defaultQueue };
      assert.deepEqual(paused, paused.length > 1 ? paused.map(() => expected) : [expected]);
    }, "notices");

    test("holds up all jobs of its queue, if it asks for that, and they go on after it", async (fixture) => {
      const { store, clock } = fixture;
      const queue = new JobQueue({ store });
      let isBusy = true;
      const worker = queue.worker("mails", () => {
        if (!isBusy) return;
        throw new RetryAfterError({ delayMs: 30_000, pauseQueue: true, message: "Busy" });
      }, { concurrency: 2 });
      await queue.enqueue(Array.from({ length: 20 }, () => job("mails", {})));
      const first = await worker.tick();
      assert.ok(first.snoozed >= 1 && first.snoozed < 20, `${first.snoozed} were snoozed`);
      assert.deepEqual([first.completed, first.failed, first.nextInMs], [0, 0, 30_000]);
      const [{ pause } = {}] = await store.settings();
      assert.equal(pause?.reason, "Asked by a job: Busy");
      isBusy = false;
      clock.pass(29_999);
      assert.equal((await worker.tick()).completed, 0);
      clock.pass(1);
      assert.equal((await worker.tick()).completed, 20);
    });

    test("comes back after that time, and its back-off begins where it was", async (fixture) => {
      const { store, clock } = fixture;
      const queue = new JobQueue({ store });
      const seen: (readonly [attempt: number, snoozes: number])[] = [];
      const worker = queue.worker("payments", ({ attempts, snoozes }) => {
        seen.push([attempts, snoozes]);
        if (seen.length <= 3) throw new RetryAfterError({ delayMs: 30_000 });
        if (seen.length === 4) throw new Error("The gateway answered 500");
        return "paid";
      }, { backoff: (attempt) => attempt * 1_000 });
      const { id } = await queue.enqueue("payments", {}, { maxAttempts: 2 });
      for (let times = 1; times <= 3; times++) {
        const { snoozed, failed, retried, nextInMs } = await worker.tick();
        assert.deepEqual([snoozed, failed, retried, nextInMs], [1, 0, 0, 30_000]);
        assert.equal((await queue.get(id))?.snoozes, times);
        clock.pass(30_000);
      }
      const { retried, nextInMs } = await worker.tick();
      assert.deepEqual([retried, nextInMs], [1, 1_000]);
      clock.pass(1_000);
      assert.equal((await worker.tick()).completed, 1);
      assert.deepEqual(seen, [[1, 0], [1, 1], [1, 2], [1, 3], [2, 0]]);
      const job = (await queue.get(id))!;
      assert.deepEqual([job.result, job.attempts, job.snoozes], ["paid", 2, 0]);
      assert.deepEqual(
        job.attemptHistory.map(({ attempt, outcome }) => [attempt, outcome]),
        [[1, "failed"], [2, "completed"]],
      );
    });

    test("fails when it has asked too often in a row", async ({ store }) => {
      const queue = new JobQueue({ store });
      const worker = queue.worker("payments", () => {
        throw new RetryAfterError({ delayMs: 0, message: "The gateway answered 429" });
      }, { maxSnoozes: 5 });
      const { id } = await queue.enqueue("payments", {}, { maxAttempts: 9 });
      const { snoozed, failed } = await worker.tick();
      assert.deepEqual([snoozed, failed], [5, 1]);
      const { status, attempts, snoozes, error, attemptHistory } = (await queue.get(id))!;
      assert.deepEqual([status, attempts, snoozes], ["failed", 1, 0]);
      assert.match(error!.message, /6\. time in a row/);
      assert.match(error!.stack!, /The gateway answered 429/);
      assert.deepEqual(attemptHistory.map(({ attempt, outcome }) => [attempt, outcome]), [
        [1, "failed"],
      ]);
    });
  });
}

function settledAs(change: Change) {
  return ({ settle }: Fixture, job: ClaimedJob) => settle(job, change);
}

/** Lets the one lease that is held run out. */
async function expire({ clock, sweep }: Fixture) {
  clock.pass(leaseMs + 1);
  assert.equal((await sweep()).length, 1);
}
