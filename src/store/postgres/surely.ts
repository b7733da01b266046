/**
 * Statements that must have happened, or surely not, whatever becomes of the connection and of other
 * statements.
 *
 * @module
 */
import { StoreUnavailableError } from "../../job/errors.ts";
import type { JobInput } from "../../job/record.ts";
import type { Added } from "../store.ts";
import { isOutcomeUnknown, isWorthRepeating } from "./client.ts";

type Adding = () => Promise<readonly Added[]>;

/**
 * Adds jobs, whatever happens to the connection: if the answer was lost, the same ids are added
 * again, which finds them if they were stored. Gives up after `lostAnswerMs`.
 */
export async function addOnce(
  inputs: readonly JobInput[],
  add: Adding,
  lostAnswerMs: number,
): Promise<readonly Added[]> {
  try {
    return await repeated(add);
  } catch (error) {
    if (!isOutcomeUnknown(error)) throw error;
    return await addAgain(inputs, add, lostAnswerMs, error);
  }
}

async function addAgain(
  inputs: readonly JobInput[],
  add: Adding,
  lostAnswerMs: number,
  lost: unknown,
): Promise<readonly Added[]> {
  const giveUpAt = performance.now() + lostAnswerMs;
  for (let waitMs = 20;; waitMs = Math.min(waitMs * 2, 500)) {
    await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
    try {
      const added = await add();
      // Under its own id it is the one of the call before.
      return added.map(({ job }, i) => ({ job, deduplicated: job.id !== inputs[i]!.id }));
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      if (performance.now() >= giveUpAt) {
        throw new StoreUnavailableError(
          "The connection to Postgres was lost while jobs were stored, and it is not known " +
            "whether they are. Enqueue the same jobs, made by job(), again: none is stored twice",
          { cause: lost },
        );
      }
    }
  }
}

/** Runs again what the server gave up for another statement's sake. */
export async function repeated<T>(work: () => Promise<T>): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isWorthRepeating(error) || tries >= 5) throw error;
      await new Promise((resolve) => setTimeout(resolve, 10 * tries * Math.random()));
    }
  }
}
