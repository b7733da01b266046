import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";

test(
  "the overhead guard fails when the traced path is slowed on purpose",
  { timeout: 180_000 },
  () => {
    const guard = ["bench/check.ts", "--slow"];
    const { status, stdout, stderr } = spawnSync(process.execPath, guard, { encoding: "utf8" });
    for (const side of ["enqueue", "run"]) {
      const overBudget = new RegExp(
        `^${side} +sampled and exported, .* [\\d.]+ +[\\d.]+ {2}over budget$`,
        "m",
      );
      assert.match(stdout, overBudget);
    }
    assert.match(stderr, /[2-8] of 12 figures are over their budget/);
    assert.equal(status, 1);
  },
);
