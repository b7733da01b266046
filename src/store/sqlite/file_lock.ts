/**
 * Waiting for a file that another process has locked, without blocking the event loop.
 *
 * @module
 */
import { StoreUnavailableError } from "../../job/errors.ts";
import { sleep } from "../../timers.ts";

// A lock that is held for long is rare, and costs those who wait for it few wake-ups.
const LONGEST_PAUSE_MS = 25;
const SHORTEST_PAUSE_MS = 2;
const PATIENCE_MS = 500;

/** The lock of one file, as seen by a process that waits for it. Times are by `performance.now()`. */
export class FileLock {
  readonly #path: string;
  readonly #busyTimeoutMs: number;

  constructor(path: string, busyTimeoutMs: number) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Whether who asked then has waited for as long as it may. */
  isOverdue(askedAt: number): boolean {
    return performance.now() - askedAt >= this.#busyTimeoutMs;
  }

  /**
   * Waits for the next try. The longer it has waited, the more often it asks again: SQLite has no queue
   * for its lock, and who asked seldom would never get it from processes that take it again and again.
   */
  async pause(tries: number, askedAt: number): Promise<void> {
    const waitedMs = performance.now() - askedAt;
    const isPatient = waitedMs < Math.min(PATIENCE_MS, this.#busyTimeoutMs / 10);
    const pauseMs = isPatient ? Math.min(1.5 ** tries, LONGEST_PAUSE_MS) : SHORTEST_PAUSE_MS;
    await sleep(pauseMs * (0.5 + Math.random()));
  }

  /** The refusal of who has waited for too long. */
  stayed(cause: unknown): StoreUnavailableError {
    return new StoreUnavailableError(
      `The SQLite file ${this.#path} stayed locked by other processes for ` +
        `${this.#busyTimeoutMs} ms; nothing was changed`,
      { cause },
    );
  }
}

/** By their messages: not every runtime gives SQLite's result codes. */
export function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (table |schema )?is locked/.test(error.message);
}
