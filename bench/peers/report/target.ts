/**
 * What a ratio must reach, and whether it did.
 *
 * @module
 */
import { figure, median } from "../../report/figures.ts";

/** A target beside what was measured. */
export interface Target {
  /** What is compared with what. */
  readonly measure: string;
  /** `≥ 1.7`. */
  readonly wanted: string;
  /** The median, and the range. */
  readonly got: string;
  readonly isMet: boolean;
}

/** The median must not be below a limit. */
export function atLeast(limit: number, measure: string, ratios: readonly number[]): Target {
  return { measure, wanted: `≥ ${limit}`, got: figure(ratios), isMet: median(ratios) >= limit };
}

/** The median must not be above a limit. */
export function atMost(limit: number, measure: string, ratios: readonly number[]): Target {
  return { measure, wanted: `≤ ${limit}`, got: figure(ratios), isMet: median(ratios) <= limit };
}

/** The median must be below a limit. */
export function below(limit: number, measure: string, ratios: readonly number[]): Target {
  return { measure, wanted: `< ${limit}`, got: figure(ratios), isMet: median(ratios) < limit };
}
