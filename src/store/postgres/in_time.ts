/**
 * A limit for a statement. When it is over, the server is asked to cancel the statement; if it does,
 * nothing was changed, and if it does not answer that either, nobody knows.
 *
 * @module
 */
import { StoreTimeoutError } from "../../job/errors.ts";
import { withTimeLimit } from "../../timers.ts";
import { codeOf, GivenUpError } from "./errors.ts";

/** A statement under way, which some clients can ask the server to cancel. */
export type Statement<T> = PromiseLike<T> & { cancel?(): unknown };

const CANCEL_MS = 1_000;

/** The answer to a statement. Rejects when it does not come within the limit. */
export async function inTime<T>(statement: Statement<T>, limitMs: number): Promise<T> {
  const answer = Promise.resolve(statement);
  if (await isSettled(answer, limitMs)) return await answer;
  cancel(statement);
  if (!await isSettled(answer, Math.min(limitMs, CANCEL_MS))) {
    // Its later error belongs to nobody.
    answer.catch(() => {});
    throw new GivenUpError(limitMs);
  }
  try {
    return await answer;
  } catch (error) {
    if (codeOf(error) !== "57014") throw error;
    throw new StoreTimeoutError(
      `Postgres did not answer within ${Math.round(limitMs)} ms, so the statement was cancelled; ` +
        "nothing was changed",
      { cause: error },
    );
  }
}

function cancel(statement: Statement<unknown>): void {
  try {
    Promise.resolve(statement.cancel?.()).catch(() => {});
  } catch {
    // It is given up all the same.
  }
}

/** Whether a statement succeeds or fails in time. */
function isSettled(answer: Promise<unknown>, limitMs: number): Promise<boolean> {
  return withTimeLimit(limitMs, answer.catch(() => {}));
}
