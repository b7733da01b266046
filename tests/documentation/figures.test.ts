import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { blocksOf, marked, strayFigures } from "../../bench/report/blocks.ts";
import { pages } from "./pages.ts";

const results = ["bench/results.md", "bench/peers/results.md"]
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

describe("the figures of the documentation", () => {
  test("are those that were measured, table for table and number for number", () => {
    assert.deepEqual(strayFigures(readFileSync("docs/benchmarks.md", "utf8"), results), []);
    // A table elsewhere is held to the same.
    const tables = pages.flatMap((page) => [...blocksOf(readFileSync(page, "utf8"))])
      .map(([name, table]) => marked(name, table));
    assert.ok(tables.length >= 4);
    assert.deepEqual(strayFigures(tables.join("\n\n"), results), []);
  });

  test("would be told from others: an altered table, a number that nobody measured", () => {
    const measured = `At 10 at once:\n\n${marked("drain", "| Node | 37,340 (31,000-51,000) |")}\n`;
    const better = measured.replace("37,340", "47,340");
    assert.deepEqual(strayFigures(measured, measured), []);
    assert.deepEqual(strayFigures("37,340 jobs, 10 at once", measured), []);
    assert.deepEqual(strayFigures(better, measured), ["bench: drain"]);
    assert.deepEqual(strayFigures(marked("enqueue", "| 1 |"), measured), ["bench: enqueue"]);
    assert.deepEqual(strayFigures("37,34 jobs, 11 at once, 0.5 s", measured), [
      "37,34",
      "11",
      "0.5",
    ]);
  });
});
