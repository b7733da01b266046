import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type AttemptOutcome, attemptOutcomes, consequenceOf } from "../../src/job/outcomes.ts";
import { type JobStatus, statusTransitions } from "../../src/job/status.ts";

const rows = Object.entries(attemptOutcomes).flatMap(([outcome, statuses]) =>
  Object.entries(statuses).map(([status, consequence]) => ({ outcome, status, consequence }))
);

describe("the table of outcomes", () => {
  test("leads from running to each status that running can lead to, and to no other", () => {
    const reached = [...new Set(rows.map(({ status }) => status))].sort();
    assert.deepEqual(reached, Object.keys(statusTransitions.running).sort());
  });

  test("charges an attempt unless its job is ready again or was snoozed", () => {
    for (const { outcome, status, consequence } of rows) {
      const isCharged = status !== "ready" && outcome !== "snoozed";
      assert.equal(consequence.isCharged, isCharged, `${outcome} ${status}`);
    }
  });

  test("calls one hook about what became of the job, and none when it is released or snoozed", () => {
    const last = { completed: "complete", failed: "fail", retrying: "retry", cancelled: "cancel" };
    for (const { outcome, status, consequence } of rows) {
      const event = status === "ready" && outcome === "lease_expired"
        ? "retry"
        : (last as Record<string, string>)[status];
      assert.equal(consequence.events.at(-1), event);
    }
  });

  test("refuses what cannot be", () => {
    const statuses: readonly JobStatus[] = ["scheduled", "blocked", "running"];
    for (const outcome of Object.keys(attemptOutcomes) as AttemptOutcome[]) {
      for (const status of statuses) {
        if (outcome === "snoozed" && status === "scheduled") continue;
        assert.throws(() => consequenceOf(outcome, status), TypeError);
      }
    }
  });
});
