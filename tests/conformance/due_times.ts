import assert from "node:assert/strict";
import { describe } from "node:test";
import type { Settlement } from "../../src/store.ts";
import { defaultQueue, reason, retrying, settlement } from "./inputs.ts";
import type { Fixture, TestStore } from "./fixture.ts";

export function describeDueTimes(test: TestStore): void {
  describe("due times", () => {
    test("a scheduled job is claimed once it is due, not before", async (fixture) => {
      const { add, claim, clock, statusOf } = fixture;
      const { id } = await add({ delayMs: 1_000 });
      clock.pass(999);
      assert.deepEqual(await claim(), []);
      assert.equal(await statusOf(id), "scheduled");
      clock.pass(1);
      assert.deepEqual((await claim()).map((job) => job.id), [id]);
    });

    test("a retrying job is claimed once its back-off is over, not before", async (fixture) => {
      const { add, claim, claimOne, settle, clock, statusOf } = fixture;
      const { id } = await add();
      await settle(await claimOne(), retrying);
      clock.pass(999);
      assert.deepEqual(await claim(), []);
      assert.equal(await statusOf(id), "retrying");
      clock.pass(1);
      assert.deepEqual((await claim()).map((job) => job.id), [id]);
    });

    test("many that are due at once are all claimed", async ({ addAll, claim, clock }) => {
      await addAll(Array(300).fill({ delayMs: 100 }));
      clock.pass(100);
      let claimed = 0;
      for (let round = 0; round < 3; round++) claimed += (await claim({ limit: 100 })).length;
      assert.equal(claimed, 300);
    });

    test("what became due competes by its priority", async ({ add, claimOne, clock }) => {
      await add();
      const urgent = await add({ delayMs: 100, priority: 1 });
      clock.pass(100);
      assert.equal((await claimOne()).id, urgent.id);
    });
  });

  describe("when to ask again", () => {
    test("at once when more is ready than was claimed", async (fixture) => {
      await fixture.addAll(Array(3).fill({}));
      await fixture.add({ delayMs: 1_000 });
      assert.deepEqual(await nextInMs(fixture, { limit: 2 }), [0]);
    });

    test("at once when a limit was reached, since nobody has looked behind it", async (fixture) => {
      const queueNames = [defaultQueue, "mails"];
      await fixture.addAll([{}, {}, { queueName: "mails" }]);
      assert.deepEqual(await nextInMs(fixture, { limit: 2, queueNames }), [0, undefined]);
      assert.deepEqual(await nextInMs(fixture, { limit: 2, queueNames }), [undefined, undefined]);
      await fixture.addAll([{ queueName: "mails" }, { delayMs: 1_000 }]);
      assert.deepEqual(await nextInMs(fixture, { limit: 1, queueNames }), [1_000, 0]);
      assert.deepEqual(await nextInMs(fixture, { limit: 1, queueNames }), [1_000, undefined]);
    });

    test("when the next scheduled job is due", async (fixture) => {
      await fixture.addAll([{}, { delayMs: 3_000 }, { delayMs: 2_000 }]);
      fixture.clock.pass(500);
      assert.deepEqual(await nextInMs(fixture), [1_500]);
    });

    test("when the next retrying job is due", async (fixture) => {
      await fixture.add();
      await fixture.settle(await fixture.claimOne(), retrying);
      fixture.clock.pass(300);
      assert.deepEqual(await nextInMs(fixture), [700]);
    });

    test("an outcome of the same call counts", async (fixture) => {
      await fixture.add();
      const job = await fixture.claimOne();
      assert.deepEqual(await nextInMs(fixture, { settlements: [settlement(job, retrying)] }), [
        1_000,
      ]);
    });

    test("never when nothing waits for its time", async (fixture) => {
      assert.deepEqual(await nextInMs(fixture), [undefined]);
      const { id } = await fixture.add();
      await fixture.add({ dependsOn: [id] });
      await fixture.claimOne();
      assert.deepEqual(await nextInMs(fixture), [undefined]);
    });

    test("not for a job that was cancelled", async (fixture) => {
      const { id } = await fixture.add({ delayMs: 1_000 });
      await fixture.add({ delayMs: 4_000 });
      await fixture.store.cancel(id, { error: reason });
      assert.deepEqual(await nextInMs(fixture), [4_000]);
    });

    test("for each of the claimed queues, and for no other", async (fixture) => {
      await fixture.addAll([
        { queueName: "payments", delayMs: 3_000 },
        { queueName: "mails", delayMs: 2_000 },
        { queueName: "imports", delayMs: 1_000 },
      ]);
      assert.deepEqual(
        await nextInMs(fixture, { queueNames: ["payments", "mails", "empty"] }),
        [3_000, 2_000, undefined],
      );
    });
  });
}

interface Asked {
  readonly limit?: number;
  readonly queueNames?: readonly string[];
  readonly settlements?: readonly Settlement[];
}

async function nextInMs(
  { store }: Fixture,
  { limit = 10, queueNames = [defaultQueue], settlements = [] }: Asked = {},
): Promise<readonly (number | undefined)[]> {
  const claims = queueNames.map((queueName) => ({ queueName, limit, leaseMs: 60_000 }));
  return (await store.settleAndClaim({ settlements, claims })).nextInMs;
}
