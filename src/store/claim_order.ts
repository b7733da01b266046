/**
 * The order in which jobs of a queue are claimed, and in which a claim hands them out.
 *
 * @module
 */
import type { JobRecord } from "../job/record.ts";

/** Compares for `sort`: higher priority first, then what was due first, then what came first. */
export function inClaimOrder(a: JobRecord, b: JobRecord): number {
  return b.priority - a.priority || a.runAt - b.runAt || a.sequence - b.sequence;
}
