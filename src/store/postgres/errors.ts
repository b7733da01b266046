/**
 * What the errors of the server, of the network and of the driver mean: whether a statement may have
 * been committed, a sentence for each, and which statements are run again.
 *
 * @module
 */
import { StoreTimeoutError, StoreUnavailableError } from "../../job/errors.ts";
import type { JobInput } from "../../job/record.ts";
import { sleep, withRetries } from "../../timers.ts";
import type { AddedJob } from "../store.ts";

/** A call of two statements whose second one failed. */
export class PartlyDoneError extends StoreUnavailableError {}

/** A call of a store that has been closed. */
export class ClosedError extends StoreUnavailableError {
  constructor() {
    super("The store has been closed; nothing was changed");
  }
}

/** A statement that was given up while the server may still run it. */
export class GivenUpError extends StoreTimeoutError {
  constructor(limitMs: number) {
    super(
      `Postgres did not answer within ${Math.round(limitMs)} ms; ` +
        "it is not known whether something was changed",
      { mayHaveChanged: true },
    );
  }
}

/** Its SQLSTATE or the client's own code, if the error has one. Names differ when code is minified. */
export function codeOf(error: unknown): string {
  const { code, cause, message } = error as Partial<Error> & { code?: unknown };
  if (typeof code === "string") return code;
  if (cause !== undefined && cause !== null) return codeOf(cause);
  // The sockets of workerd give no codes.
  if (/cannot connect|connection refused/i.test(message ?? "")) return "ECONNREFUSED";
  return /network connection lost/i.test(message ?? "") ? "CONNECTION_CLOSED" : "";
}

/** Whether it is unknown whether the statement was committed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof PartlyDoneError || error instanceof GivenUpError ||
    UNKNOWN.test(codeOf(error));
}

/** Whether the connection is not to be used again. */
export function isConnectionLost(error: unknown): boolean {
  const code = codeOf(error);
  return error instanceof StoreTimeoutError || UNKNOWN.test(code) || UNREACHABLE.test(code) ||
    TERMINATED.test(code);
}

/** Whether the server gave the statement up for a temporary reason, and certainly changed nothing. */
function isTransient(error: unknown): boolean {
  const code = codeOf(error);
  return !(error instanceof PartlyDoneError) && (SERIALIZATION.test(code) || TERMINATED.test(code));
}

const UNKNOWN =
  /^(CONNECTION_(CLOSED|DESTROYED)|57P01|57P02|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|08006|08007|08P01)$/;
const UNREACHABLE =
  /^(CONNECT_TIMEOUT|CONNECTION_ENDED|ECONNREFUSED|ENOENT|ENOTFOUND|EAI_AGAIN|57P03|57P04|53300|08\w{3})$/;
// deadlock_detected, serialization_failure
const SERIALIZATION = /^(40P01|40001)$/;
// The limits of a session, which end it between two statements or in the middle of one.
const TERMINATED = /^(57P05|25P03|25P04)$/;

const sentences: Readonly<Record<string, string>> = {
  "25006": "Postgres takes only reads now; nothing was changed",
  "25P03": "Postgres ended a transaction that was idle for too long; nothing was changed",
  "40001": "Postgres could not bring the statement into an order with others; nothing was changed",
  "40P01": "Postgres gave the statement up to end a deadlock; nothing was changed",
  "53100": "Postgres has no room left on its disk; nothing was changed",
  "55P03": "Postgres did not get a lock in time; nothing was changed",
  "57P05": "Postgres ended a session that was idle for too long; nothing was changed",
};

/** The error in a sentence, where there is one. */
export function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof StoreUnavailableError) return error;
  if (UNKNOWN.test(code)) {
    return new StoreUnavailableError("The connection to Postgres was lost", {
      cause: error,
      mayHaveChanged: true,
    });
  }
  if (UNREACHABLE.test(code)) {
    return new StoreUnavailableError("Postgres cannot be reached; nothing was changed", {
      cause: error,
    });
  }
  // query_canceled, transaction_timeout
  if (code === "57014" || code === "25P04") {
    return new StoreTimeoutError(
      "Postgres gave the statement up for its time limit; nothing was changed",
      { cause: error },
    );
  }
  const sentence = sentences[code];
  return sentence === undefined ? error : new StoreUnavailableError(sentence, { cause: error });
}

/** The same of a statement in a caller's transaction, which only the caller can repeat. */
export function explainedWithin(error: unknown): unknown {
  if (!SERIALIZATION.test(codeOf(error))) return explained(error);
  const reason = codeOf(error) === "40P01"
    ? "to end a deadlock"
    : "because it cannot be serialized with another one that has committed";
  return new StoreUnavailableError(
    `Postgres gave the caller's transaction up ${reason}: run the whole transaction again`,
    { cause: error },
  );
}

/**
 * Runs a statement until the server does not give it up for a reason that passes: a deadlock, a
 * serialization failure, a limit of the session. Each try is a transaction of its own.
 */
export async function retried<T>(work: () => Promise<T>): Promise<T> {
  return await retryWhile(work, (error, tries) => isTransient(error) && tries < mostTries(error));
}

/** Runs a statement that may be run twice: also again when its connection was lost. */
export async function retriedIdempotent<T>(work: () => Promise<T>): Promise<T> {
  const isLost = (error: unknown) =>
    isOutcomeUnknown(error) && !(error instanceof StoreTimeoutError);
  return await retryWhile(
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

async function retryWhile<T>(
  work: () => Promise<T>,
  isWorthIt: (error: unknown, tries: number) => boolean,
): Promise<T> {
  return await withRetries(work, (error, tries) => {
    if (!isWorthIt(error, tries)) throw error;
    return 10 * 2 ** tries * Math.random();
  });
}

/**
 * Adds jobs, whatever happens to the connection: if the answer was lost, the same ids are added
 * again, which finds them if they were stored. Gives up after `lostAnswerMs`.
 */
export async function addOnce(
  inputs: readonly JobInput[],
  add: () => Promise<readonly AddedJob[]>,
  lostAnswerMs: number,
): Promise<readonly AddedJob[]> {
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
  add: () => Promise<readonly AddedJob[]>,
  lostAnswerMs: number,
  lost: unknown,
): Promise<readonly AddedJob[]> {
  const giveUpAt = performance.now() + lostAnswerMs;
  const delayMs = (tries: number) => Math.min(20 * 2 ** tries, 500) * (0.5 + Math.random());
  await sleep(delayMs(0));
  return await withRetries(add, (error, tries) => {
    if (!(error instanceof StoreUnavailableError)) throw error;
    const isOver = error instanceof ClosedError || performance.now() >= giveUpAt;
    if (isOver) throw unknownWhetherStored(lost);
    return delayMs(tries);
  });
}

/** A timeout stays one, so that a caller can distinguish it from a lost connection. */
function unknownWhetherStored(lost: unknown): Error {
  const ErrorClass = lost instanceof StoreTimeoutError ? StoreTimeoutError : StoreUnavailableError;
  return new ErrorClass(
    "The answer of Postgres was lost while jobs were stored, and it is not known whether they " +
      "are. Enqueue the same jobs, made by job(), again: none is stored twice",
    { cause: lost, mayHaveChanged: true },
  );
}
