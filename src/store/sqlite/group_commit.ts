/**
 * Writes that share a transaction: a commit waits for the disk, which costs as much for one call as for
 * a hundred. What is called in one turn of the event loop, and during the commit before it, is done in
 * the order of the calls and committed together. Each call is answered once it is committed, and fails
 * alone.
 *
 * @module
 */
import { nextTurn } from "../../timers.ts";
import { type FileLock, isLocked } from "./file_lock.ts";

/** The file, as far as its transactions need it. */
interface TransactionFile {
  begin(): void;
  commit(): void;
  rollback(): void;
  /** Throws when what was committed will not last. */
  check(): void;
  /** An error of SQLite in a sentence. */
  explained(error: unknown): unknown;
}

interface Call {
  readonly work: () => unknown;
  readonly askedAt: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether a transaction with others failed, perhaps because of it: it is tried without them. */
  isAlone: boolean;
}

// A longer transaction saves little, and keeps the event loop and other processes waiting.
const MOST_MS = 10;
const MOST_CALLS = 1_000;
// A turn of the event loop, with all that waits for it, can cost as much as a commit. A prime, so that it
// is not the last one of each burst that asks.
const LONE_CALLS = 251;

/** The writes of one open file. */
export class GroupCommit {
  readonly #file: TransactionFile;
  readonly #lock: FileLock;
  #calls: Call[] = [];
  // In a row, without one that came at the same time.
  #loneCalls = 0;
  #underWay: Promise<void> | undefined;

  constructor(file: TransactionFile, lock: FileLock) {
    this.#file = file;
    this.#lock = lock;
  }

  /** Does all of the work in one transaction, perhaps with that of other calls, or none of it. */
  write<T>(work: () => T): Promise<T> {
    const askedAt = performance.now();
    return new Promise<unknown>((resolve, reject) => {
      this.#calls.push({ work, askedAt, resolve, reject, isAlone: false });
      this.#underWay ??= this.#commitAll();
    }) as Promise<T>;
  }

  /** Resolves when all calls are answered. */
  async idle(): Promise<void> {
    while (this.#underWay !== undefined) await this.#underWay;
  }

  async #commitAll(): Promise<void> {
    for (let tries = 0; this.#calls.length > 0;) {
      // Callers of one moment come a few steps apart; those of a server, with what it has received. One
      // that is alone waits for that only now and then, to find out whether it still is.
      await undefined;
      if (this.#calls.length > 1 || this.#loneCalls % LONE_CALLS === 0) await nextTurn();
      this.#loneCalls = this.#calls.length > 1 ? 0 : this.#loneCalls + 1;
      const calls = this.#take();
      const results: unknown[] = [];
      try {
        this.#commit(calls, results);
        tries = 0;
      } catch (error) {
        this.#rollback();
        if (isLocked(error)) await this.#waitForLock(calls, tries++, error);
        else this.#separate(calls, results.length, error);
      }
    }
    this.#underWay = undefined;
  }

  /** The first calls that may share a transaction, at least one. */
  #take(): Call[] {
    const end = this.#calls.findIndex(({ isAlone }, i) => isAlone || i === MOST_CALLS);
    return this.#calls.splice(0, end === -1 ? this.#calls.length : Math.max(1, end));
  }

  #putBack(calls: readonly Call[]): void {
    this.#calls = [...calls, ...this.#calls];
  }

  /** Does the work of the calls and answers them; those that it would take too long for are put back. */
  #commit(calls: Call[], results: unknown[]): void {
    this.#file.begin();
    const endsAt = performance.now() + MOST_MS;
    do results.push(calls[results.length]!.work()); while (
      results.length < calls.length && performance.now() < endsAt
    );
    if (results.length < calls.length) this.#putBack(calls.splice(results.length));
    this.#file.commit();
    this.#answer(calls, results);
  }

  #answer(calls: readonly Call[], results: readonly unknown[]): void {
    try {
      this.#file.check();
      calls.forEach(({ resolve }, i) => resolve(results[i]));
    } catch (error) {
      for (const { reject } of calls) reject(error);
    }
  }

  /** Of calls that failed together, the one whose work failed is tried alone, or else each of them. */
  #separate(calls: readonly Call[], failed: number, error: unknown): void {
    if (calls.length === 1) return calls[0]!.reject(this.#file.explained(error));
    const suspects = failed < calls.length ? [calls[failed]!] : calls;
    for (const call of suspects) call.isAlone = true;
    this.#putBack(calls);
  }

  async #waitForLock(calls: readonly Call[], tries: number, error: unknown): Promise<void> {
    const overdue = calls.filter(({ askedAt }) => this.#lock.isOverdue(askedAt));
    for (const { reject } of overdue) reject(this.#lock.stayed(error));
    const patient = calls.slice(overdue.length);
    this.#putBack(patient);
    if (patient.length > 0) await this.#lock.pause(tries, patient[0]!.askedAt);
  }

  #rollback(): void {
    try {
      this.#file.rollback();
    } catch {
      // It was not begun, or a full disk or a lost lock has rolled it back already.
    }
  }
}
