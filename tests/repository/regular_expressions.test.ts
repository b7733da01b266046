/**
 * A payload or a message may be a megabyte of whatever is hard for a regular expression: each takes
 * twice as long for twice as much. They are found in the source, so that a new one is not forgotten.
 */

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { libraryFiles } from "./import_graph.ts";
import {
  costOf,
  hardInputs,
  type Input,
  regularExpressionsIn,
  textOf,
} from "./regular_expressions.ts";

const SMALL = 1_000;
const LARGE = 1_000_000;
// What takes less is too short to compare.
const COMPARABLE_MS = 2;

const cost = (pattern: RegExp, input: Input, length: number, times?: number) =>
  costOf(pattern, textOf(input, length), times);

/** The inputs that took longest, when they were small. */
function hardest(pattern: RegExp): readonly Input[] {
  return hardInputs(pattern)
    .map((input) => ({ input, ms: cost(pattern, input, SMALL, 1) }))
    .sort((a, b) => b.ms - a.ms)
    .slice(0, 4)
    .map(({ input }) => input);
}

/** Whether twice as much takes 2.5 times as long at most, at every size up to a megabyte and two. */
function isLinear(pattern: RegExp, input: Input): boolean {
  for (let length = SMALL; length <= LARGE; length *= 5) {
    const isInProportion = () => {
      const twice = cost(pattern, input, 2 * length);
      return twice < COMPARABLE_MS || twice <= 2.5 * cost(pattern, input, length);
    };
    // Something else may have run in between, but not each time.
    if (![1, 2, 3, 4, 5, 6].some(isInProportion)) return false;
  }
  return true;
}

describe("regular expressions", () => {
  const all = libraryFiles().flatMap(regularExpressionsIn);

  test("are found in the source", () => {
    const found = all.map(({ file, pattern }) => `${file} ${pattern}`);
    assert.ok(all.length > 60, `${all.length}`);
    for (
      const known of [
        String.raw`src/tracing/export/collector_answer.ts /\s+/g`,
        String.raw`src/tracing/export/attribute_text.ts /\\(ud[89a-f][0-9a-f]{2}|.)/g`,
        String.raw`src/store/postgres/address.ts /^postgres(ql)?:\/\//i`,
        String.raw`src/job/ids.ts /^0+$/`,
      ]
    ) {
      assert.ok(found.includes(known), known);
    }
  });

  test("that are not linear are seen as such", () => {
    for (
      const pattern of [
        /\s*\n\s*/,
        /\/+$/,
        /^[0-9a-f:.]*:[0-9a-f:.]*$/i,
        /([a-z][\w+.-]*:\/\/[^\s:/@]*):\S*@/gi,
      ]
    ) {
      assert.ok(hardest(pattern).some((input) => !isLinear(pattern, input)), `${pattern}`);
    }
  });

  for (const { file, pattern } of all) {
    test(`${file} ${pattern}`, () => {
      for (const input of hardest(pattern)) {
        assert.ok(isLinear(pattern, input), JSON.stringify(input).slice(0, 200));
      }
    });
  }
});
