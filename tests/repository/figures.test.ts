import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { blocksOf, marked, strayFigures } from "../../bench/report/blocks.ts";

const results = ["bench/results.md", "bench/peers/results.md"]
  .filter((path) => existsSync(path))
  .map((path) => readFileSync(path, "utf8"))
  .join("\n");

/** What the README says about speed, if it does. */
function speedIn(readme: string): string {
  return /^## Speed$.*?(?=^## |$(?![^]))/ms.exec(readme)?.[0] ?? "";
}

describe("the figures of the README", () => {
  test("are those that were measured, table for table and number for number", () => {
    const readme = readFileSync("README.md", "utf8");
    assert.deepEqual(strayFigures(speedIn(readme), results), []);
    // A table elsewhere in it is held to the same.
    const tables = [...blocksOf(readme)].map(([name, table]) => marked(name, table)).join("\n\n");
    assert.deepEqual(strayFigures(tables, results), []);
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
    assert.equal(speedIn("# a\n\n## Speed\n\n9 jobs\n\n## Next\n\n8\n"), "## Speed\n\n9 jobs\n\n");
    assert.equal(speedIn("## Speed\n\n9 jobs\n"), "## Speed\n\n9 jobs\n");
  });
});
