/**
 * Counting jobs: which.
 *
 * @module
 */
import { InputTypeError } from "../job/input_error.ts";
import { shown } from "../job/ids.ts";
import { checkInteger } from "../job/job_options.ts";

/** Which jobs to count. Nothing given counts all. */
export interface CountOptions {
  /**
   * Only those that are completed, failed or cancelled since less than this, in ms by the store's
   * clock: 1 to 31,536,000,000, a year. Default: all, whether they have ended or not.
   */
  readonly endedWithinMs?: number | undefined;
}

/** The longest that can be looked back when ended jobs are counted: a year. */
export const longestEndedWithinMs: number = 365 * 24 * 60 * 60 * 1_000;

/** The checked `endedWithinMs`, as a store takes it. */
export function readCountOptions(options: CountOptions): number | undefined {
  for (const name of Object.keys(options)) {
    // A misspelled one would count everything.
    if (name !== "endedWithinMs") {
      throw new InputTypeError(`A count has endedWithinMs: got ${shown(name)}`);
    }
  }
  const { endedWithinMs } = options;
  return endedWithinMs === undefined
    ? undefined
    : checkInteger("endedWithinMs", endedWithinMs, 1, longestEndedWithinMs);
}
