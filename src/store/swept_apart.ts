/**
 * Sweeping leases where a database may refuse to end one of them, by a constraint or a trigger: the
 * others are swept one by one.
 *
 * @module
 */
import { StoreUnavailableError } from "../job/errors.ts";
import type { ExpiredJob, RefusedSweep } from "./store.ts";

/** The ways to sweep. */
export interface Sweeps {
  /** Sweeps all in one step. */
  readonly all: () => Promise<readonly ExpiredJob[]>;
  /** The ids of those that are to be swept. */
  readonly ids: () => Promise<readonly string[]>;
  /** Sweeps one, if it is still to be. */
  readonly one: (id: string) => Promise<readonly ExpiredJob[]>;
}

/** What was swept, and what could not be. */
export interface Swept {
  readonly expired: readonly ExpiredJob[];
  readonly refused: readonly RefusedSweep[];
}

/** Sweeps all in one step, or else each by itself. Rejects when the store cannot serve the call. */
export async function sweptApart({ all, ids, one }: Sweeps): Promise<Swept> {
  try {
    return { expired: await all(), refused: [] };
  } catch (error) {
    if (error instanceof StoreUnavailableError) throw error;
  }
  const expired: ExpiredJob[] = [];
  const refused: RefusedSweep[] = [];
  for (const jobId of await ids()) {
    try {
      expired.push(...await one(jobId));
    } catch (error) {
      if (error instanceof StoreUnavailableError) throw error;
      refused.push({ jobId, message: error instanceof Error ? error.message : String(error) });
    }
  }
  return { expired, refused };
}
