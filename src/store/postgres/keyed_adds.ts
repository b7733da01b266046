/**
 * Adds with idempotency keys. A key that another transaction has just used is waited for until that
 * transaction ends, which may be long, and with it everything in the same statement. So these share
 * no statement with adds that have no key, together they take half of the connections at most, and
 * one that has to wait for its key lets the others go on in between.
 *
 * @module
 */
import { StoreTimeoutError, StoreUnavailableError } from "../../job/errors.ts";
import type { JobPart } from "../../job/parts.ts";
import type { JobInput } from "../../job/record.ts";
import type { Added } from "../store.ts";
import { codeOf } from "./errors.ts";
import { GroupCommit } from "./group_commit.ts";

/** Adds jobs in one step, waits for a key no longer than so, and answers these parts, or all. */
export type AddPatiently = (
  inputs: readonly JobInput[],
  patienceMs: number,
  include: readonly JobPart[] | undefined,
) => Promise<readonly Added[]>;

const LOCK_NOT_AVAILABLE = "55P03";
const SHARED_PATIENCE_MS = 50;
const PATIENCE_MS = 100;

/** Adds with keys. */
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
  ): Promise<readonly Added[]> {
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
  ): Promise<readonly Added[]> {
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

/** So many at a time; who comes later waits in line. */
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
