/**
 * The turns of a loop with its store: each records what has ended, claims what can start, or both.
 * Where a store does two at a time, many outcomes are recorded beside a claim and not before it.
 *
 * @module
 */
import type { Asking } from "./asking.ts";
import type { Attempts, Finished } from "./attempts.ts";
import { backoffDelay } from "../job/backoff.ts";
import type { Claiming } from "./claiming.ts";
import { measureTurn } from "../metrics/measure.ts";
import type { Stopping } from "./stopping.ts";
import type { Claim, Store, TurnResult } from "../store/store.ts";
import { Waiting } from "./waiting.ts";

/** What the turns of one loop work with. */
export interface TurnParts {
  readonly store: Store;
  readonly asking: Asking;
  readonly attempts: Attempts;
  readonly claiming: Claiming;
  readonly stopping: Stopping;
  /** Whether a store that fails again and again is given up when nothing runs. */
  readonly givesUp: boolean;
  /** Told of a store that fails. */
  readonly onError: (error: unknown) => void;
  /** Told what a turn did; it was asked at `askedAt`, by `performance.now()`. */
  readonly onResult: (finished: readonly Finished[], result: TurnResult, askedAt: number) => void;
}

// How often a failing store is asked before it is given up.
const TRIES = 3;
const STORE_BACKOFF = { type: "exponential", delayMs: 100, maxMs: 10_000 } as const;
// So many outcomes are worth a turn of their own.
const WORTH_A_TURN = 100;

interface Failure {
  readonly error: unknown;
}

/** The turns of one loop. */
export class Turns {
  readonly #parts: TurnParts;
  readonly #pause: Waiting = new Waiting();
  #errors = 0;
  #hasUnclaimed = false;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Whether the store failed when it was last asked. */
  get hasFailed(): boolean {
    return this.#errors > 0;
  }

  /** Whether the store was not asked for jobs since something changed. */
  get hasUnclaimed(): boolean {
    return this.#hasUnclaimed;
  }

  /** Whether there is something to record, or to ask for. */
  isDue(mayClaim: boolean): boolean {
    const { attempts, claiming } = this.#parts;
    return attempts.finishedCount > 0 || (mayClaim && claiming.askAt() <= performance.now());
  }

  /** Takes what is due. */
  async take(mayClaim: boolean): Promise<void> {
    const { attempts, claiming, store } = this.#parts;
    const finished = attempts.takeFinished();
    const claims = mayClaim ? claiming.claims(finished.length > 0) : [];
    this.#hasUnclaimed = claims.length === 0;
    const isSplit = store.turnsAtOnce === 2 && finished.length >= WORTH_A_TURN &&
      claims.length > 0;
    const failures = isSplit
      ? await Promise.all([this.#exchange([], claims), this.#exchange(finished, [])])
      : [await this.#exchange(finished, claims)];
    // What the claim has not seen: jobs that waited for these.
    if (isSplit) this.#parts.asking.askAll();
    const failure = failures.find((one) => one !== undefined);
    if (failure === undefined) this.#errors = 0;
    else await this.#failed(failure.error);
  }

  /** Ends the wait after a failure. */
  wake(): void {
    this.#pause.wake();
  }

  async #exchange(
    finished: readonly Finished[],
    claims: readonly Claim[],
  ): Promise<Failure | undefined> {
    const { store, asking, attempts, stopping, onResult } = this.#parts;
    const queueNames = claims.map(({ queueName }) => queueName);
    const settlements = finished.map(({ settlement }) => settlement);
    const askedAt = performance.now();
    asking.begin(queueNames);
    let result: TurnResult;
    try {
      const exchange = () => store.exchange({ settlements, claims });
      result = await stopping.inTime(measureTurn(finished, claims, exchange));
    } catch (error) {
      asking.end(queueNames, undefined);
      attempts.putBack(finished);
      return { error };
    }
    asking.end(queueNames, result);
    onResult(finished, result, askedAt);
    return undefined;
  }

  async #failed(error: unknown): Promise<void> {
    const { attempts, givesUp, onError, stopping } = this.#parts;
    this.#errors++;
    if (givesUp && attempts.running.size === 0 && this.#errors >= TRIES) throw error;
    onError(error);
    const delayMs = backoffDelay(STORE_BACKOFF, this.#errors, error);
    await this.#pause.sleep(stopping.isAsked ? Math.min(delayMs, 500) : delayMs);
  }
}
