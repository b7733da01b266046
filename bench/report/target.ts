/**
 * What a ratio must reach, the least that counts as done, and which of both it did.
 *
 * @module
 */
import { figure, median } from "./figures.ts";
import { table } from "./table.ts";

/** A target beside what was measured. */
export interface Target {
  /** What is compared with what. */
  readonly measure: string;
  /** `≥ 1.7`. */
  readonly wanted: string;
  /** `≥ 1.35`; the same as `wanted` where nothing less counts. */
  readonly floor: string;
  /** The median, and the range. */
  readonly got: string;
  readonly reached: "target" | "floor" | "missed";
}

/** A limit, and where there is one the least that counts as done. */
export type Limit = number | { readonly target: number; readonly floor: number };

/** The median must not be below a limit. */
export function atLeast(limit: Limit, measure: string, ratios: readonly number[]): Target {
  return compared("≥", (got, wanted) => got >= wanted, limit, measure, ratios);
}

/** The median must not be above a limit. */
export function atMost(limit: Limit, measure: string, ratios: readonly number[]): Target {
  return compared("≤", (got, wanted) => got <= wanted, limit, measure, ratios);
}

/** The median must be below a limit. */
export function below(limit: Limit, measure: string, ratios: readonly number[]): Target {
  return compared("<", (got, wanted) => got < wanted, limit, measure, ratios);
}

function compared(
  sign: string,
  holds: (got: number, wanted: number) => boolean,
  limit: Limit,
  measure: string,
  ratios: readonly number[],
): Target {
  const { target, floor } = typeof limit === "number" ? { target: limit, floor: limit } : limit;
  const got = median(ratios);
  return {
    measure,
    wanted: `${sign} ${inFull(target)}`,
    floor: `${sign} ${inFull(floor)}`,
    got: figure(ratios),
    reached: holds(got, target) ? "target" : holds(got, floor) ? "floor" : "missed",
  };
}

function inFull(limit: number): string {
  return limit.toLocaleString("en");
}

/** How many are reached, in a sentence. */
export function countOf(targets: readonly Target[]): string {
  const count = (reached: Target["reached"]) =>
    targets.filter((target) => target.reached === reached).length;
  return `Of ${targets.length} targets ${count("target")} are reached, of ${count("floor")} more ` +
    `the floor; ${count("missed")} are missed.`;
}

/** All of them. */
export function targetTable(targets: readonly Target[]): string {
  return table(
    ["hammerwork", "target", "floor", "measured", "reached"],
    targets.map(({ measure, wanted, floor, got, reached }) => [
      measure,
      wanted,
      floor,
      got,
      reached,
    ]),
  );
}
