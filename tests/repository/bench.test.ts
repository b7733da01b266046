import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { readArguments } from "../../bench/arguments.ts";
import { checkDrained, Runs } from "../../bench/measured/checked.ts";
import { tasks } from "../../bench/measured/tasks.ts";
import { figure, quantile, ratios } from "../../bench/report/figures.ts";
import { writeResults } from "../../bench/report/results.ts";
import { atLeast, atMost, below, countOf, targetTable } from "../../bench/report/target.ts";
import { table } from "../../bench/report/table.ts";
import { temporaryFolder } from "../sqlite/workers/temporary_folder.ts";

describe("the benchmarks", () => {
  test("fail when a job was lost or ran twice, or the store says something else", () => {
    const runs = new Runs(3);
    [0, 1, 1].forEach((n) => runs.count(n));
    assert.throws(() => runs.check(), {
      message: "Each of 3 jobs must run once: got 1 lost, 1 repeated",
    });
    const before = { ready: 2, completed: 5, scheduled: 1 };
    checkDrained(before, { completed: 7, scheduled: 1 });
    assert.throws(() => checkDrained(before, { completed: 6, running: 1, scheduled: 1 }), {
      message:
        "The store must have 7 completed, 1 scheduled: got 6 completed, 1 running, 1 scheduled",
    });
  });

  test("measure on a store in memory and on a file", async () => {
    using folder = temporaryFolder();
    const drained = await tasks.drain({ address: "memory", jobs: 200, concurrency: 10 });
    assert.ok(Object.values(drained).every((number) => number > 0));
    const address = join(folder.path, "jobs.sqlite");
    const rates = await tasks.enqueue({ address, callers: [1, 3], forMs: 20, bulk: 1_500 });
    assert.ok([...rates.single, rates.bulk].every((number) => number > 0));
    assert.equal((await tasks.latency({ address: "memory", jobs: 3 })).length, 3);
  });

  test("measure jobs that wait for others, and heartbeats", async () => {
    using folder = temporaryFolder();
    const calls = { form: "a chain", calls: 2, perCall: 10 } as const;
    assert.ok(await tasks.enqueueWorkflows({ address: "memory", ...calls }) > 0);
    const address = join(folder.path, "jobs.sqlite");
    const completed = await tasks.completeAwaited({ address, jobs: 20, dependents: 1 });
    assert.ok(completed.amongMany > 0 && completed.alone > 0);
    const beats = await tasks.heartbeats({ address: "memory", jobs: 10, times: 2 });
    assert.equal(beats.length, 2);
  });

  test("say of a ratio whether it reached its target, its floor or neither", () => {
    const limit = { target: 1.6, floor: 1.35 };
    const reached = (...ratios: number[]) => atLeast(limit, "drain", ratios).reached;
    assert.deepEqual([reached(1, 1.6, 2), reached(1.4), reached(1.3)], [
      "target",
      "floor",
      "missed",
    ]);
    assert.equal(atMost(2, "pages", [2]).reached, "target");
    assert.equal(below(1, "CPU", [1]).reached, "missed");
    const targets = [atLeast(limit, "drain", [1.4]), below(10_000, "pages", [1])];
    assert.equal(
      countOf(targets),
      "Of 2 targets 1 are reached, of 1 more the floor; 0 are missed.",
    );
    assert.match(targetTable(targets), /drain +\| +≥ 1.6 \| +≥ 1.35 \| +1.4 \| +floor \|/);
  });

  test("give medians with their ranges, and ratios within a round", () => {
    assert.equal(figure([8_804.4, 7_000, 9_121]), "8,804 (7,000-9,121)");
    assert.equal(figure([0.25, 0.5]), "0.375 (0.25-0.5)");
    assert.equal(figure([12_345]), "12,350");
    assert.equal(figure([]), "");
    assert.deepEqual(ratios([1, 3], [2, 2]), [0.5, 1.5]);
    assert.equal(quantile([3, 1, 2, 4], 0.5), 2);
    assert.equal(quantile([3, 1, 2, 4], 0.99), 4);
  });

  test("replace in their file what was run, and leave the rest as it was", () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "results.md");
    const write = (section: string, speed: string) =>
      writeResults(path, "# Title\n", ["flow", "growth"], {
        section,
        circumstances: "A machine.",
        blocks: [{
          name: section,
          about: "How fast.",
          table: table(["store", "jobs/s"], [["memory", speed]]),
        }],
      });
    write("growth", "7");
    write("flow", "8");
    const both = readFileSync(path, "utf8");
    write("growth", "9");
    assert.equal(readFileSync(path, "utf8"), both.replace("     7 |", "     9 |"));
    assert.equal(
      both.slice(0, both.indexOf("## growth")),
      "# Title\n\n## flow\n\nA machine.\n\nHow fast.\n\n<!-- bench: flow -->\n\n" +
        "| store  | jobs/s |\n| ------ | -----: |\n| memory |      8 |\n\n<!-- /bench -->\n\n",
    );
  });

  test("keep only what was measured as a whole", () => {
    const read = (...args: string[]) => readArguments(args, ["flow", "growth"]);
    assert.deepEqual(read().sections, ["flow", "growth"]);
    assert.deepEqual(read("growth").sections, ["growth"]);
    assert.equal(read("flow", "--rounds", "5").isWhole, true);
    for (const smaller of [["--quick"], ["--rounds", "2"], ["--store", "sqlite"]]) {
      assert.equal(read(...smaller).isWhole, false);
    }
    assert.throws(() => read("flaw"), {
      message: "A section must be one of flow, growth: got flaw",
    });
    assert.throws(() => read("--rounds", "0"), {
      message: "--rounds must be a whole number above 0: got 0",
    });
  });
});
