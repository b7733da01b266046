/**
 * Running a statement again: for what passes by itself, and for an enqueue whose answer was lost.
 *
 * @module
 */
import { StoreTimeoutError, StoreUnavailableError } from "../../job/errors.ts";
import type { JobInput } from "../../job/record.ts";
import type { Added } from "../store.ts";
import { ClosedError, isOutcomeUnknown, isTransient } from "./errors.ts";
import { sleep } from "../../timers.ts";

/**
 * Runs a statement until the server does not give it up for a reason that passes: a deadlock, a
 * serialization failure, a limit of the session. Each try is a transaction of its own.
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  return await repeated(work, (error, tries) => isTransient(error) && tries < mostTries(error));
}

/** Runs a statement that may be run twice: also again when its connection was lost. */
export async function retriedIdempotent<T>(work: () => Promise<T>): Promise<T> {
  const isLost = (error: unknown) =>
    isOutcomeUnknown(error) && !(error instanceof StoreTimeoutError);
  return await repeated(
    work,
    (error, tries) =>
      isTransient(error) ? tries < mostTries(error) : isLost(error) && tries < LOST_TRIES,
  );
}

const LOST_TRIES = 3;

/** What took too long once will not be quick the eighth time. */
function mostTries(error: unknown): number {
  return error instanceof StoreTimeoutError ? 2 : 8;
}

async function repeated<T>(
  work: () => Promise<T>,
  isWorthIt: (error: unknown, tries: number) => boolean,
): Promise<T> {
  for (let tries = 1;; tries++) {
    try {
      return await work();
    } catch (error) {
      if (!isWorthIt(error, tries)) throw error;
      await sleep(10 * 2 ** tries * Math.random());
    }
  }
}

/**
 * Adds jobs, whatever happens to the connection: if the answer was lost, the same ids are added
 * again, which finds them if they were stored. Gives up after `lostAnswerMs`.
 */
export async function addOnce(
  inputs: readonly JobInput[],
  add: () => Promise<readonly Added[]>,
  lostAnswerMs: number,
): Promise<readonly Added[]> {
  try {
    return await add();
  } catch (lost) {
    if (!isOutcomeUnknown(lost)) throw lost;
    const added = await addAgain(add, lostAnswerMs, lost);
    // Under its own id it is the one of the call before.
    return added.map(({ job }, i) => ({ job, deduplicated: job.id !== inputs[i]!.id }));
  }
}

async function addAgain(
  add: () => Promise<readonly Added[]>,
  lostAnswerMs: number,
  lost: unknown,
): Promise<readonly Added[]> {
  const giveUpAt = performance.now() + lostAnswerMs;
  for (let waitMs = 20;; waitMs = Math.min(waitMs * 2, 500)) {
    await sleep(waitMs * (0.5 + Math.random()));
    try {
      return await add();
    } catch (error) {
      if (!(error instanceof StoreUnavailableError)) throw error;
      const isOver = error instanceof ClosedError || performance.now() >= giveUpAt;
      if (isOver) throw unknownWhetherStored(lost);
    }
  }
}

/** A timeout stays one, so that a caller can tell it from a lost connection. */
function unknownWhetherStored(lost: unknown): Error {
  const ErrorClass = lost instanceof StoreTimeoutError ? StoreTimeoutError : StoreUnavailableError;
  return new ErrorClass(
    "The answer of Postgres was lost while jobs were stored, and it is not known whether they " +
      "are. Enqueue the same jobs, made by job(), again: none is stored twice",
    { cause: lost },
  );
}
