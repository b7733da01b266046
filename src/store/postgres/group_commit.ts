/**
 * Enqueues that share a statement: what is added while an insert is under way goes with the next one,
 * so that many callers wait for few commits. The first goes at once, none waits for a timer, and each
 * is answered with its own jobs once they are committed.
 *
 * @module
 */
import { StoreTimeoutError, StoreUnavailableError } from "../../job/errors.ts";
import type { JobInput, JobPart } from "../../job/record.ts";
import type { AddedJob } from "../store.ts";
import { codeOf } from "./errors.ts";

/** Adds jobs in one step, and answers them with these parts, or all. */
type Add = (
  inputs: readonly JobInput[],
  include: readonly JobPart[] | undefined,
) => Promise<readonly AddedJob[]>;

interface Call {
  readonly inputs: readonly JobInput[];
  readonly include: readonly JobPart[] | undefined;
  readonly resolve: (added: readonly AddedJob[]) => void;
  readonly reject: (error: unknown) => void;
}

// A larger statement costs as much for each job.
const MOST_JOBS = 1_000;
const MOST_CHARACTERS = 1_000_000;
// How long a statement waits for a key that another transaction holds.
const SHARED_PATIENCE_MS = 50;
const PATIENCE_MS = 100;
const LOCK_NOT_AVAILABLE = "55P03";

/** Adds that are made at the same time. */
export class GroupCommit {
  readonly #add: Add;
  readonly #addAlone: Add;
  readonly #isOfOne: (error: unknown) => boolean;
  #calls: Call[] = [];
  #isUnderWay = false;

  /**
   * `add` stores jobs in one step, or none of them; if it fails for the sake of one call, as `isOfOne`
   * says, each is added alone.
   */
  constructor(
    add: Add,
    isOfOne: (error: unknown) => boolean = (error) => !(error instanceof StoreUnavailableError),
    addAlone: Add = add,
  ) {
    this.#add = add;
    this.#addAlone = addAlone;
    this.#isOfOne = isOfOne;
  }

  /** Adds jobs in one step, perhaps with those of other calls. */
  add(inputs: readonly JobInput[], include?: readonly JobPart[]): Promise<readonly AddedJob[]> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ inputs, include, resolve, reject });
      if (!this.#isUnderWay) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isUnderWay = true;
    // Callers of the same moment come a few steps apart.
    await undefined;
    while (this.#calls.length > 0) await this.#send(this.#takeCalls());
    this.#isUnderWay = false;
  }

  async #send(calls: readonly Call[]): Promise<void> {
    try {
      const added = await this.#add(calls.flatMap(({ inputs }) => inputs), calls[0]!.include);
      let first = 0;
      for (const { inputs, resolve } of calls) {
        resolve(added.slice(first, first += inputs.length));
      }
    } catch (error) {
      const isDone = calls.length === 1 && this.#addAlone === this.#add;
      for (const { inputs, include, resolve, reject } of calls) {
        if (isDone || !this.#isOfOne(error)) reject(error);
        // No call fails because of another one's jobs, nor waits for them.
        else this.#addAlone(inputs, include).then(resolve, reject);
      }
    }
  }

  /** As many as fit in one statement and ask for the same parts, at least one. */
  #takeCalls(): readonly Call[] {
    const parts = String(this.#calls[0]!.include);
    let [jobs, characters, count] = [0, 0, 0];
    for (const { inputs, include } of this.#calls) {
      if (String(include) !== parts) break;
      jobs += inputs.length;
      for (const { payload } of inputs) characters += payload.length;
      if (count > 0 && (jobs > MOST_JOBS || characters > MOST_CHARACTERS)) break;
      count++;
    }
    return this.#calls.splice(0, count);
  }
}

/** Adds jobs in one step, waits for a key no longer than so, and answers these parts, or all. */
export type AddPatiently = (
  inputs: readonly JobInput[],
  patienceMs: number,
  include: readonly JobPart[] | undefined,
) => Promise<readonly AddedJob[]>;

/**
 * Adds with idempotency keys. A key that another transaction has just used is waited for until that
 * transaction ends, which may be long, and with it everything in the same statement. So these share
 * no statement with adds that have no key, together they take half of the connections at most, and
 * one that has to wait for its key lets the others go on in between.
 */
export class KeyedAdds {
  readonly #add: AddPatiently;
  readonly #limitMs: number;
  readonly #waitingKeys = new Map<string, number>();
  readonly #places: Places;
  readonly #sharedPlaces: Places;
  readonly #shared: GroupCommit;

  /** `add` stores jobs none of which needs another one of the call. */
  constructor(add: AddPatiently, connectionCount: number, limitMs: number) {
    this.#add = add;
    this.#limitMs = limitMs;
    const half = Math.max(1, Math.floor(connectionCount / 2));
    this.#places = new Places(Math.max(1, half - 1));
    this.#sharedPlaces = half === 1 ? this.#places : new Places(1);
    this.#shared = new GroupCommit(
      (inputs, include) => this.#sharedPlaces.take(() => add(inputs, SHARED_PATIENCE_MS, include)),
      (error) => isKeyTaken(error) || !(error instanceof StoreUnavailableError),
      (inputs, include) => this.addAlone(inputs, include, add),
    );
  }

  /** Adds jobs in one step, perhaps with those of other calls. */
  add(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): Promise<readonly AddedJob[]> {
    const isWaitedFor = keysOf(inputs).some((key) => this.#waitingKeys.has(key));
    return isWaitedFor
      ? this.addAlone(inputs, include, this.#add)
      : this.#shared.add(inputs, include);
  }

  /** Adds jobs in a statement of their own. */
  async addAlone(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
    add: AddPatiently,
  ): Promise<readonly AddedJob[]> {
    const giveUpAt = performance.now() + this.#limitMs;
    const keys = keysOf(inputs);
    for (const key of keys) this.#waitingKeys.set(key, (this.#waitingKeys.get(key) ?? 0) + 1);
    try {
      for (;;) {
        try {
          return await this.#places.take(() => add(inputs, PATIENCE_MS, include));
        } catch (error) {
          if (!isKeyTaken(error)) throw error;
          if (performance.now() >= giveUpAt) throw keyStaysTaken(this.#limitMs, error);
        }
      }
    } finally {
      for (const key of keys) {
        const count = this.#waitingKeys.get(key)! - 1;
        if (count > 0) this.#waitingKeys.set(key, count);
        else this.#waitingKeys.delete(key);
      }
    }
  }
}

/** So many at a time; those that come later wait in line. */
class Places {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async take<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

function keysOf(inputs: readonly JobInput[]): readonly string[] {
  const keyed = inputs.filter(({ idempotencyKey }) => idempotencyKey !== undefined);
  return keyed.map(({ queueName, idempotencyKey }) => `${queueName} ${idempotencyKey}`);
}

function isKeyTaken(error: unknown): boolean {
  return codeOf(error) === LOCK_NOT_AVAILABLE;
}

function keyStaysTaken(limitMs: number, cause: unknown): Error {
  return new StoreTimeoutError(
    `Another transaction has held an idempotency key of these jobs for ${limitMs} ms; ` +
      "nothing was changed",
    { cause },
  );
}
