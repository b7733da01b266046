import assert from "node:assert/strict";
import { describe } from "node:test";
import { failure, reason, retrying } from "./inputs.ts";
import type { TestStore } from "./fixture.ts";
import { definedFields, jobsFound } from "./answers.ts";

export function describeSnapshots(test: TestStore): void {
  describe("what goes in and comes out", () => {
    test("a record that was handed out is a snapshot", async ({ add, claimOne, store }) => {
      const before = await add();
      await claimOne();
      const during = await store.get(before.id);
      await store.cancel(before.id, { error: reason });
      assert.deepEqual([before.status, before.attempts], ["ready", 0]);
      assert.deepEqual([during?.status, during?.error], ["running", undefined]);
    });

    test("what callers do to an input or a record stays theirs", async ({ store, add, get }) => {
      const dependency = await add();
      const dependsOn = [dependency.id];
      const { id } = await add({ dependsOn });
      dependsOn.push("a caller's own list");
      // JavaScript callers know no readonly.
      ((await get(id)).dependsOn as string[]).push("a caller's own list");
      const [found] = await jobsFound(store, { limit: 1 });
      (found!.dependsOn as string[]).push("a caller's own list");
      assert.deepEqual((await get(id)).dependsOn, [dependency.id]);

      const error = { ...failure };
      await store.cancel(id, { error: error });
      error.message = "changed afterwards";
      assert.deepEqual((await get(id)).error, failure);

      const late = await add({ dependsOn: [id] });
      const cause = { ...late.error! };
      (late.error as { message: string }).message = "changed by the caller";
      assert.deepEqual(definedFields((await get(late.id)).error!), definedFields(cause));
    });

    test("what callers do to an attempt stays theirs", async ({ store, add, claimOne, settle }) => {
      const { id } = await add();
      await settle(await claimOne(), retrying);
      const attempts = async () => (await store.get(id, { attempts: true }))!.attemptRecords!;
      const { jobs } = await store.find({ ids: [id], limit: 1, attempts: true });
      for (const [attempt] of [await attempts(), jobs[0]!.attemptRecords!]) {
        (attempt!.error as { message: string }).message = "changed by the caller";
        (attempt as { outcome: string }).outcome = "completed";
      }
      assert.deepEqual((await attempts()).map(({ outcome, error }) => [outcome, error!.message]), [
        ["failed", failure.message],
      ]);
    });
  });
}
