import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { hasEnded, type JobStatus, jobStatuses, transitions } from "../../src/job/status.ts";
import { jobWithStatus } from "./job_with_status.ts";
import type { TestStore } from "./test_store.ts";
import { additions, ways } from "./ways.ts";

const table = jobStatuses.flatMap((from) =>
  Object.entries(transitions[from]).map(([to, when]) => ({ from, to: to as JobStatus, when }))
);

/** Walks the table of statuses: an entry that has no way here is a test that fails. */
export function describeTransitions(test: TestStore): void {
  describe("the table of statuses", () => {
    for (const [to, when] of Object.entries(transitions.new)) {
      test(`new -> ${to}: ${when}`, async (scene) => {
        const addition = additions[to];
        assert.ok(addition, "Each entry of the table must have a way");
        assert.equal(await scene.statusOf((await addition(scene)).id), to);
      });
    }

    for (const { from, to, when } of table) {
      const known = ways[`${from} -> ${to}`];
      if (known === undefined) {
        it(`${from} -> ${to}: ${when}`, () => assert.fail("Each entry must have a way"));
      }
      for (const { name, fields, bring = jobWithStatus[from], go } of known ?? []) {
        test(`${from} -> ${to}: ${when} (${name})`, async (scene) => {
          const job = await bring(scene, fields);
          assert.equal(await scene.statusOf(job.id), from);
          await go(scene, job);
          assert.equal(await scene.statusOf(job.id), to);
        });
      }
    }

    it("knows every way that is tested", () => {
      const entries = new Set(table.map(({ from, to }) => `${from} -> ${to}`));
      for (const way of Object.keys(ways)) assert.ok(entries.has(way), way);
      for (const to of Object.keys(additions)) assert.ok(to in transitions.new, to);
    });

    it("leads on from every status by itself but from those that are an end", () => {
      for (const status of jobStatuses) {
        const onward = Object.values(transitions[status]).filter((when) =>
          !when.startsWith("a caller retried it")
        );
        assert.equal(onward.length === 0, hasEnded(status), status);
      }
    });
  });
}
