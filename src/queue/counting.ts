/**
 * Counting jobs: which.
 *
 * @module
 */
import { checkInteger } from "../job/job_options.ts";
import { checkOptionNames } from "../job/option_names.ts";

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

/** Refuses another name: a misspelled one would count everything. */
export function checkCountNames(options: CountOptions): void {
  checkOptionNames("A count", options, { endedWithinMs: true });
}

/** The checked options of a count. */
export function readCountOptions(options: CountOptions): CountOptions {
  checkCountNames(options);
  const { endedWithinMs } = options;
  if (endedWithinMs !== undefined) {
    checkInteger("endedWithinMs", endedWithinMs, 1, longestEndedWithinMs);
  }
  return options;
}
