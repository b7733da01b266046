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
    assert.match(stdout, /^enqueue +sampled and exported +[\d.]+ +[\d.]+ +3\.60 {2}over budget/m);
    assert.match(stdout, /^run +sampled and exported +[\d.]+ +[\d.]+ +4\.50 {2}over budget/m);
    assert.match(stderr, /2 of 4 ratios are over their budget/);
    assert.equal(status, 1);
  },
);
