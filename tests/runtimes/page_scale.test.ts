import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type JobNode, timeline } from "../../mod.ts";
import { axisScale, labelsOf, positionOf, ticksOf } from "../../src/page/waterfall/scale.ts";
import { node, treeOf } from "./job_nodes.ts";

const ran = (id: string, from: number, start: number, to: number): JobNode =>
  node(id, { status: "completed" }, { from, to }, [[start, to, "completed"]]);

describe("the scale of the page's waterfall", () => {
  const scaleOf = (roots: readonly JobNode[], to: number) => axisScale(timeline(treeOf(roots, to)));

  test("is even where what ran can be seen", () => {
    const scale = scaleOf([ran("a", 0, 100, 400), ran("b", 0, 1_800, 2_000)], 2_000);
    assert.deepEqual(scale.breaks, []);
    assert.deepEqual([0, 500, 2_000, 9_000].map((time) => positionOf(time, scale)), [
      0,
      25,
      100,
      100,
    ]);
  });

  test("has a break for a day in which nothing ran", () => {
    const day = 86_400_000;
    const scale = scaleOf([ran("a", 0, 0, 400), ran("b", 400, day, day + 600)], day + 600);
    assert.deepEqual(scale.breaks, [{ from: 400, to: day }]);
    const places = [0, 400, day, day + 600].map((time) => positionOf(time, scale));
    assert.deepEqual(places, [0, 37.6, 43.6, 100]);
    const texts = ticksOf(scale).map(({ text }) => text);
    assert.deepEqual(texts, ["0", "200 ms", "400 ms", "24 h", "+200 ms", "+400 ms", "+600 ms"]);
    const shown = labelsOf(ticksOf(scale)).map(({ text }) => text).sort();
    assert.deepEqual(shown, ["+200 ms", "0", "200 ms", "24 h"]);
  });

  test("has no label that collides with another one on a phone", () => {
    for (let length = 1; length < 1e10; length = Math.ceil(length * 1.3)) {
      const labels = labelsOf(ticksOf({ from: 0, to: length, breaks: [] }));
      assert.ok(labels.length >= 1);
      const ends = labels.map(({ place, text, isAtLeft }) => {
        const width = 100 * 6.5 * text.length / 290;
        return isAtLeft ? [place - width, place] as const : [place, place + width] as const;
      }).sort(([a], [b]) => a - b);
      ends.forEach(([from], i) => assert.ok(i === 0 || from >= ends[i - 1]![1], `${length}`));
    }
  });
});
