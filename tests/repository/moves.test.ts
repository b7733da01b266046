import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import process from "node:process";
import { test } from "node:test";

// How often a reader who follows one call may have to change files, the store in memory included.
const budget: Readonly<Record<string, number>> = {
  enqueue: 60,
  tick: 100,
  find: 20,
  get: 12,
  "GET /jobs/{id}": 27,
};

test("a reader of one call does not have to change files too often", () => {
  const output = execFileSync(process.execPath, ["bench/file_moves.ts", "--json"], {
    encoding: "utf8",
  });
  const figures: readonly { name: string; moves: number; calls: number }[] = JSON.parse(output);
  assert.deepEqual(figures.map(({ name }) => name), Object.keys(budget));
  for (const { name, moves, calls } of figures) {
    assert.ok(moves <= budget[name]!, `${name}: ${moves} moves, see npm run moves -- "${name}"`);
    assert.ok(calls > 0, name);
  }
});
