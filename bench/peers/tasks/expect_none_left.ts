/**
 * A look at whether everything has been done.
 *
 * @module
 */
import type { OpenQueue } from "../contender.ts";

/** Throws when a job has not ended. */
export async function expectNoneLeft(
  queue: OpenQueue,
  _options: object,
): Promise<void> {
  const left = await queue.unfinished();
  if (left > 0) {
    throw new Error(`Every job must have ended: got ${left} unfinished ones`);
  }
}
