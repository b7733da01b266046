/**
 * How long a job waits whose attempt was lost: its worker's own rule died with it.
 *
 * @module
 */
import { type Backoff, backoffDelay, checkBackoff, defaultBackoff } from "../job/backoff.ts";
import type { JobRecord } from "../job/record.ts";

/** The wait in ms by the job's own back-off rule, else by the default one. */
export function expiryDelay({ backoff, attempts }: JobRecord): number {
  return backoffDelay(ownRule(backoff) ?? defaultBackoff, attempts, undefined);
}

/** A rule that cannot be read must not keep a job from running again. */
function ownRule(text: string | undefined): Backoff | undefined {
  try {
    return text === undefined ? undefined : checkBackoff(JSON.parse(text));
  } catch {
    return undefined;
  }
}
