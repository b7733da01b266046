/**
 * The turns of a loop with its store: each records what has ended, claims what can start, or both.
 * Where a store does two at a time, many outcomes are recorded beside a claim and not before it.
 * Where a turn takes a store too long, outcomes and claims go on by themselves, in smaller batches.
 *
 * @module
 */
import type { Attempts, Finished } from "./attempts.ts";
import { backoffDelay } from "../job/backoff.ts";
import { StoreUnavailableError } from "../job/errors.ts";
import { BatchSize } from "./batch_size.ts";
import type { Fetcher } from "./fetcher.ts";
import { measureSettleAndClaim } from "../metrics/measure.ts";
import type { Stopping } from "./stopping.ts";
import type { Claim, SettleAndClaimResult, Store } from "../store/store.ts";
import { Sleep } from "./sleep.ts";

/** What the turns of one loop work with. */
export interface TurnParts {
  readonly store: Store;
  readonly attempts: Attempts;
  readonly fetcher: Fetcher;
  readonly stopping: Stopping;
  /** Whether a store that fails again and again is given up when nothing runs. */
  readonly givesUp: boolean;
  /** Told of a store that fails. */
  readonly onError: (error: unknown) => void;
  /** Told of an outcome that the store refuses in every form. */
  readonly onRefused: (finished: Finished, error: unknown) => void;
  /** Called with what a turn did. */
  readonly onResult: (finished: readonly Finished[], result: SettleAndClaimResult) => void;
}

// How often a failing store is asked before it is given up.
const TRIES = 3;
const STORE_BACKOFF = { type: "exponential", delayMs: 100, maxMs: 10_000 } as const;
// So many outcomes are worth a turn of their own.
const WORTH_A_TURN = 100;

interface Failure {
  readonly error: unknown;
  /** Whether the next turn does less, and may be in time. */
  readonly isForItsSize: boolean;
}

/** The turns of one loop. */
export class Turns {
  readonly #parts: TurnParts;
  readonly #pause: Sleep = new Sleep();
  readonly #outcomes: BatchSize = new BatchSize();
  #errors = 0;

  constructor(parts: TurnParts) {
    this.#parts = parts;
  }

  /** Whether the store failed when it was last asked. */
  get hasFailed(): boolean {
    return this.#errors > 0;
  }

  /** Whether there is something to record, or to ask for. */
  isDue(): boolean {
    const { attempts, fetcher } = this.#parts;
    return attempts.finishedCount > 0 || fetcher.claimAt() <= performance.now();
  }

  /** Takes what is due. */
  async take(): Promise<void> {
    const { attempts, fetcher } = this.#parts;
    const finished = attempts.takeFinished(this.#outcomes.most);
    const claims = fetcher.claims(finished.length > 0);
    const failures = await this.#settleAndClaimAll(finished, claims);
    const lasting = failures.find(({ isForItsSize }) => !isForItsSize);
    if (lasting !== undefined) return await this.#failed(lasting.error);
    for (const { error } of failures) this.#parts.onError(error);
    this.#errors = 0;
  }

  /** Ends the wait after a failure. */
  wake(): void {
    this.#pause.wake();
  }

  async #settleAndClaimAll(
    finished: readonly Finished[],
    claims: readonly Claim[],
  ): Promise<readonly Failure[]> {
    const { store, fetcher } = this.#parts;
    const isSplit = finished.length > 0 && claims.length > 0;
    if (isSplit && store.hints.callsAtOnce === 2 && finished.length >= WORTH_A_TURN) {
      const failures = await Promise.all([
        this.#settleAndClaim([], claims),
        this.#settleAndClaim(finished, []),
      ]);
      // What the claim has not seen: jobs that waited for these.
      fetcher.wakeAll();
      return failures.flat();
    }
    if (isSplit && this.#isNearLimit(finished, claims)) {
      return [
        ...await this.#settleAndClaim(finished, []),
        ...await this.#settleAndClaim([], claims),
      ];
    }
    return await this.#settleAndClaim(finished, claims);
  }

  /** Then one of the two must not keep the other from being done. */
  #isNearLimit(finished: readonly Finished[], claims: readonly Claim[]): boolean {
    const { fetcher } = this.#parts;
    return this.#outcomes.isNearLimit(finished.length) || fetcher.isNearLimit(claims);
  }

  async #settleAndClaim(
    finished: readonly Finished[],
    claims: readonly Claim[],
  ): Promise<readonly Failure[]> {
    const failure = await this.#ask(finished, claims);
    if (failure === undefined) return [];
    if (finished.length > 0 && await this.#isRefusal(failure)) {
      // The claims may be what was refused.
      return await this.#record(finished);
    }
    this.#parts.attempts.putBack(finished);
    return [failure];
  }

  /** Asks the store once, and passes its answer on. */
  async #ask(
    finished: readonly Finished[],
    claims: readonly Claim[],
  ): Promise<Failure | undefined> {
    const { store, fetcher, stopping, onResult } = this.#parts;
    const settlements = finished.map(({ settlement }) => settlement);
    const askedAt = performance.now();
    fetcher.asked(claims);
    let result: SettleAndClaimResult;
    try {
      const settleAndClaim = () => store.settleAndClaim({ settlements, claims });
      result = await stopping.inTime(measureSettleAndClaim(finished, claims, settleAndClaim));
    } catch (error) {
      const canRecordLess = this.#outcomes.failed(finished.length, error);
      const canClaimLess = fetcher.failed(claims, error);
      return { error, isForItsSize: canRecordLess || canClaimLess };
    }
    this.#outcomes.wasDone(finished.length);
    fetcher.took(claims, result, askedAt);
    onResult(finished, result);
    return undefined;
  }

  /**
   * Whether a store refuses something of what it was asked. One that cannot serve a call says so; one
   * that does not serve an empty call either is in trouble of another kind.
   */
  async #isRefusal({ error }: Failure): Promise<boolean> {
    const { onError, stopping } = this.#parts;
    if (error instanceof StoreUnavailableError || stopping.hasGivenUp) return false;
    const trouble = await this.#ask([], []);
    if (trouble !== undefined) onError(trouble.error);
    return trouble === undefined;
  }

  /** Records all but those that are refused. These are found by halving. */
  async #record(finished: readonly Finished[]): Promise<readonly Failure[]> {
    const failure = await this.#ask(finished, []);
    if (failure === undefined) return [];
    if (finished.length === 1) return await this.#recordRefused(finished[0]!, failure);
    const half = Math.ceil(finished.length / 2);
    const rest = finished.slice(half);
    const failures = await this.#record(finished.slice(0, half));
    if (failures.length === 0) return await this.#record(rest);
    this.#parts.attempts.putBack(rest);
    return failures;
  }

  /** What is refused again, though the store serves other calls, is recorded as a failure that says so. */
  async #recordRefused(refused: Finished, failure: Failure): Promise<readonly Failure[]> {
    const { attempts, onRefused } = this.#parts;
    const instead = attempts.insteadOf(refused, failure.error);
    let last = failure;
    for (const outcome of instead === undefined ? [refused] : [refused, instead]) {
      if (!await this.#isRefusal(last)) break;
      const next = await this.#ask([outcome], []);
      if (next === undefined) return [];
      last = next;
    }
    if (await this.#isRefusal(last)) {
      onRefused(refused, last.error);
      return [];
    }
    attempts.putBack([refused]);
    return [last];
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
