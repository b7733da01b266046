import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";

test(
  "the overhead guard fails when the traced path is slowed on purpose",
  { timeout: 60_000 },
  () => {
    const guard = ["--expose-gc", "bench/check.ts", "--slow"];
    const { status, stdout, stderr } = spawnSync(process.execPath, guard, { encoding: "utf8" });
    assert.match(stdout, /sampled and exported +[\d.]+ +[\d.]+ +4\.50 {2}over budget/);
    assert.match(stderr, /1 of 2 ratios are over their budget/);
    assert.equal(status, 1);
  },
);
