import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";

test("the build without tracing has all that the rest of the source imports", () => {
  const hook = new URL("../../bench/overhead/without_tracing/hook.ts", import.meta.url).href;
  const core = new URL("../../mod.ts", import.meta.url).href;
  // The hook reads the variant from the place that it has for a program.
  const script = `await import(${JSON.stringify(core)})`;
  const all = ["--import", hook, "--input-type=module", "--eval", script, "core", "without"];
  const { status, stderr } = spawnSync(process.execPath, all, {
    encoding: "utf8",
    timeout: 30_000,
  });
  assert.equal(stderr, "");
  assert.equal(status, 0);
});

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
