/**
 * The recorder of a loop: the outcomes that wait to be recorded, and the round trips to the store that
 * record them and claim jobs, in one call as far as possible.
 *
 * Where a store serves two calls at a time, many outcomes are recorded beside a claim and not before
 * it. Where a call takes a store too long, outcomes and claims go by themselves, in smaller batches.
 * An outcome that the store refuses keeps no other from being recorded.
 *
 * @module
 */
import { BatchSize } from "./batch_size.ts";
import { type Backoff, backoffDelay, defaultBackoff } from "../job/backoff.ts";
import { JobCancelledError, OutcomeRefusedError, StoreUnavailableError } from "../job/errors.ts";
import type { AttemptOutcome } from "../job/outcomes.ts";
import type { JobStatus } from "../job/status.ts";
import { countEnded, measureSettleAndClaim } from "../metrics/measure.ts";
import { cancelEvent, outcomeEvents } from "./events.ts";
import type { Fetcher } from "./fetcher.ts";
import type { HookCalls } from "./hooks.ts";
import type { WorkerSettings } from "./options.ts";
import { type AttemptEnd, type AttemptResult, changeOf, changeOfUnstarted } from "./settle.ts";
import { Sleep } from "./sleep.ts";
import type {
  Change,
  Claim,
  ClaimedJob,
  LeaseState,
  SettleAndClaimResult,
  Settlement,
  Store,
} from "../store/store.ts";

/** What the recorder of one loop works with. */
export interface RecorderParts {
  readonly store: Store;
  readonly fetcher: Fetcher;
  readonly hooks: HookCalls | undefined;
  /** Called after each round trip with how many outcomes it recorded and how many jobs it claimed. */
  readonly onRoundTrip: (recordedCount: number, claimedCount: number) => void;
  /** Whether a store that fails again and again is given up. */
  readonly givesUp: () => boolean;
  /** Called with what the store failed with. */
  readonly onError: (error: unknown) => void;
}

/** What a tick or a run did: counts of jobs, by how they ended. */
export interface WorkResult {
  /** Completed. */
  readonly completed: number;
  /** Failed for good. */
  readonly failed: number;
  /** Failed or timed out, with another attempt to follow. */
  readonly retried: number;
  /** To be run again later, as their handlers asked. */
  readonly snoozed: number;
  /** Cancelled by a caller while they ran. */
  readonly cancelled: number;
  /** Released: at a stop, or claimed and not started. */
  readonly released: number;
  /** Whose lease expired: they run again. */
  readonly leaseExpired: number;
  /** When to tick again, in ms: 0 when more was ready, `undefined` when nothing waits for its time. */
  readonly nextInMs: number | undefined;
}

/** An outcome that waits to be recorded. */
interface Outcome {
  readonly job: ClaimedJob;
  readonly settings: WorkerSettings;
  readonly end: AttemptEnd;
  readonly settlement: Settlement;
}

interface Failure {
  readonly error: unknown;
  /** Whether the next round trip does less, and may be in time. */
  readonly isForItsSize: boolean;
}

// How often a failing store is asked before it is given up.
const STORE_TRIES = 3;
const STORE_BACKOFF = { type: "exponential", delayMs: 100, maxMs: 10_000 } as const;
// While the worker stops a failing store is asked at least this often.
const MOST_PAUSE_AT_STOP_MS = 500;
// So many outcomes are worth a round trip of their own.
const WORTH_A_ROUND_TRIP = 100;

/** Records the outcomes of one loop. */
export class Recorder {
  /** How the claimed jobs ended. */
  readonly counts: { -readonly [Count in keyof Omit<WorkResult, "nextInMs">]: number } = {
    completed: 0,
    failed: 0,
    retried: 0,
    snoozed: 0,
    cancelled: 0,
    released: 0,
    leaseExpired: 0,
  };
  /** How many outcomes wait to be recorded. */
  waitingCount = 0;
  /** Whether the store failed when it was last asked. */
  hasFailed = false;
  /** Whether the store is not waited for any more. */
  hasGivenUp = false;
  readonly #parts: RecorderParts;
  readonly #pause: Sleep = new Sleep();
  readonly #batch: BatchSize = new BatchSize();
  // What gives up the answers that are waited for.
  #answers: readonly ((error: Error) => void)[] = [];
  readonly #awaiting: { readonly count: number; readonly resolve: () => void }[] = [];
  #waiting: Outcome[] = [];
  #addedCount = 0;
  #recordedCount = 0;
  #errors = 0;
  #isStopping = false;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
  }

  /** Adds the outcome of an attempt, if it is this worker's to record. */
  add(job: ClaimedJob, settings: WorkerSettings, result: AttemptResult): void {
    const { end, hasBegun, runMs, traceparent } = result;
    const change = hasBegun
      ? changeOf(end, job, () => retryDelay(job, settings, end))
      : changeOfUnstarted(end);
    if (change !== undefined) this.#add(outcomeOf(job, settings, end, change, runMs, traceparent));
    if (end.outcome === "lease_expired") this.#count("lease_expired");
    if (end.outcome === "cancelled") {
      if (hasBegun) this.#cancelled(job, settings, end.error, runMs);
      else this.#countCancelled(job);
    }
  }

  /** Adds the release of a job that was claimed and is not to start. */
  release(job: ClaimedJob, settings: WorkerSettings): void {
    const end = { outcome: "released" } as const;
    this.#add(outcomeOf(job, settings, end, changeOfUnstarted(end)!));
  }

  /** Waits until all outcomes are recorded that are added by now. */
  readonly recorded = (): Promise<void> => {
    if (this.#recordedCount === this.#addedCount) return Promise.resolve();
    return new Promise((resolve) => this.#awaiting.push({ count: this.#addedCount, resolve }));
  };

  /**
   * Records what waits and claims jobs, with pauses while the store fails.
   *
   * @throws when the store fails repeatedly and is to be given up.
   */
  async roundTrip(): Promise<void> {
    const outcomes = this.#take();
    const claims = this.#parts.fetcher.claims(outcomes.length > 0);
    const failures = await this.#recordAndClaim(outcomes, claims);
    const lasting = failures.find(({ isForItsSize }) => !isForItsSize);
    if (lasting !== undefined) return await this.#failed(lasting.error);
    for (const { error } of failures) this.#parts.onError(error);
    this.hasFailed = false;
    this.#errors = 0;
  }

  /** The worker stops: there are no long pauses any more. */
  stop(): void {
    this.#isStopping = true;
    this.#pause.wake();
  }

  /** Waits for the store no more. */
  giveUp(): void {
    this.hasGivenUp = true;
    for (const reject of this.#answers) reject(new Error("The store did not answer in time"));
  }

  /** Says which outcomes were given up. */
  reportUnrecorded(): void {
    if (this.waitingCount === 0) return;
    this.#parts.onError(
      new Error(
        `${this.waitingCount} outcomes could not be recorded; these jobs run again after their lease`,
      ),
    );
  }

  #add(outcome: Outcome): void {
    this.#addedCount++;
    this.waitingCount = this.#waiting.push(outcome);
  }

  #take(): readonly Outcome[] {
    const taken = this.#waiting.slice(0, this.#batch.most);
    this.#waiting = this.#waiting.slice(this.#batch.most);
    this.waitingCount = this.#waiting.length;
    return taken;
  }

  #putBack(outcomes: readonly Outcome[]): void {
    this.#waiting = [...outcomes, ...this.#waiting];
    this.waitingCount = this.#waiting.length;
  }

  /** In one call, or in two where that is better. */
  async #recordAndClaim(
    outcomes: readonly Outcome[],
    claims: readonly Claim[],
  ): Promise<readonly Failure[]> {
    if (outcomes.length === 0 || claims.length === 0) {
      return await this.#settleAndClaim(outcomes, claims);
    }
    const { store, fetcher } = this.#parts;
    if (store.hints.callsAtOnce === 2 && outcomes.length >= WORTH_A_ROUND_TRIP) {
      const failures = await Promise.all([
        this.#settleAndClaim([], claims),
        this.#settleAndClaim(outcomes, []),
      ]);
      // What the claim has not seen: jobs that waited for these.
      fetcher.wakeAll();
      return failures.flat();
    }
    // One of the two must not keep the other from being done.
    if (outcomes.length >= this.#batch.nearLimit || fetcher.isNearLimit(claims)) {
      const failures = await this.#settleAndClaim(outcomes, []);
      // The claim sees what these have made ready.
      fetcher.asked(claims);
      return [...failures, ...await this.#settleAndClaim([], claims)];
    }
    return await this.#settleAndClaim(outcomes, claims);
  }

  /** One call; what the store refuses of its outcomes is recorded apart. */
  async #settleAndClaim(
    outcomes: readonly Outcome[],
    claims: readonly Claim[],
  ): Promise<readonly Failure[]> {
    const failure = await this.#ask(outcomes, claims);
    if (failure === undefined) return [];
    if (outcomes.length > 0 && await this.#isRefusal(failure)) {
      // The claims may be what was refused.
      return await this.#recordApart(outcomes);
    }
    this.#putBack(outcomes);
    return [failure];
  }

  /** Asks the store once, and passes its answer on. */
  async #ask(
    outcomes: readonly Outcome[],
    claims: readonly Claim[],
  ): Promise<Failure | undefined> {
    const { store, fetcher, onRoundTrip } = this.#parts;
    const settlements = outcomes.map(({ settlement }) => settlement);
    const askedAt = performance.now();
    let result: SettleAndClaimResult;
    try {
      const settleAndClaim = store.settleAndClaim.bind(store, { settlements, claims });
      result = await this.#inTime(measureSettleAndClaim(outcomes, claims, settleAndClaim));
    } catch (error) {
      const canRecordLess = this.#batch.failed(outcomes.length, error);
      const canClaimLess = fetcher.failed(claims, error);
      return { error, isForItsSize: canRecordLess || canClaimLess };
    }
    if (outcomes.length > 0) this.#batch.wasDone(outcomes.length);
    for (const { job, answer } of fetcher.took(claims, result, askedAt)) {
      this.release(job, answer.settings);
    }
    outcomes.forEach((outcome, i) => this.#recorded(outcome, result.settled[i]!));
    this.#noteRecorded(outcomes.length);
    onRoundTrip(outcomes.length, result.claimed.length);
    return undefined;
  }

  /** Waits for the store, but no longer than until it is given up. */
  async #inTime<T>(answer: Promise<T>): Promise<T> {
    // No race against one promise for all: that would hold every answer until the end of the loop.
    let reject: (error: Error) => void = () => {};
    const givenUp = new Promise<never>((_, rejectIt) => reject = rejectIt);
    this.#answers = [...this.#answers, reject];
    if (this.hasGivenUp) this.giveUp();
    try {
      return await Promise.race([answer, givenUp]);
    } finally {
      this.#answers = this.#answers.filter((one) => one !== reject);
    }
  }

  /** By the status that the end of the attempt gave the job, else by its outcome. */
  #count(outcome: AttemptOutcome, status?: JobStatus): void {
    if (status === "retrying") this.counts.retried++;
    else if (status === "failed") this.counts.failed++;
    else if (outcome === "lease_expired") this.counts.leaseExpired++;
    else if (outcome !== "timed_out") this.counts[outcome]++;
  }

  /** Hooks are called only now that the outcome is recorded. */
  #recorded({ job, settings, settlement, end }: Outcome, state: LeaseState): void {
    const { change, runMs } = settlement;
    if (state === "held") {
      this.#count(end.outcome, change.status);
      const { status } = change;
      if (status === "completed" || status === "failed") countEnded(job.queueName, status);
      this.#parts.hooks?.call(settings, () => outcomeEvents(job, change, runMs));
    } else if (state === "cancelled") {
      const error = new JobCancelledError("The job was cancelled before its outcome was recorded");
      this.#cancelled(job, settings, error, runMs);
    } else {
      this.#count("lease_expired");
    }
  }

  #countCancelled({ queueName }: ClaimedJob): void {
    this.#count("cancelled");
    countEnded(queueName, "cancelled");
  }

  #cancelled(job: ClaimedJob, settings: WorkerSettings, error: unknown, runMs: number): void {
    this.#countCancelled(job);
    this.#parts.hooks?.call(settings, () => [cancelEvent(job, error, runMs)]);
  }

  /** So many more are recorded, in the order in which they were added. */
  #noteRecorded(count: number): void {
    this.#recordedCount += count;
    while (this.#awaiting[0] && this.#awaiting[0].count <= this.#recordedCount) {
      this.#awaiting.shift()!.resolve();
    }
  }

  /**
   * Whether a store refuses something of what it was asked. One that cannot serve a call says so; one
   * that does not serve an empty call either is in trouble of another kind.
   */
  async #isRefusal({ error }: Failure): Promise<boolean> {
    if (error instanceof StoreUnavailableError || this.hasGivenUp) return false;
    const trouble = await this.#ask([], []);
    if (trouble !== undefined) this.#parts.onError(trouble.error);
    return trouble === undefined;
  }

  /** Records all but those that are refused. These are found by halving. */
  async #recordApart(outcomes: readonly Outcome[]): Promise<readonly Failure[]> {
    const failure = await this.#ask(outcomes, []);
    if (failure === undefined) return [];
    if (outcomes.length === 1) return await this.#recordRefused(outcomes[0]!, failure);
    const half = Math.ceil(outcomes.length / 2);
    const rest = outcomes.slice(half);
    const failures = await this.#recordApart(outcomes.slice(0, half));
    if (failures.length === 0) return await this.#recordApart(rest);
    this.#putBack(rest);
    return failures;
  }

  /** What is refused again, though the store serves other calls, is recorded as a failure that says so. */
  async #recordRefused(refused: Outcome, failure: Failure): Promise<readonly Failure[]> {
    const instead = insteadOf(refused, failure.error);
    let last = failure;
    for (const outcome of instead === undefined ? [refused] : [refused, instead]) {
      if (!await this.#isRefusal(last)) break;
      const next = await this.#ask([outcome], []);
      if (next === undefined) return [];
      last = next;
    }
    if (await this.#isRefusal(last)) {
      this.#leave(refused, last.error);
      return [];
    }
    this.#putBack([refused]);
    return [last];
  }

  /** An outcome that the store refuses in every form must not be tried forever. */
  #leave({ job, settings }: Outcome, error: unknown): void {
    this.#noteRecorded(1);
    this.#count("lease_expired");
    settings.onError(
      new Error(
        `The store refuses every outcome of ${job.queueName} ${job.id}; it runs again after its lease`,
        { cause: error },
      ),
    );
  }

  async #failed(error: unknown): Promise<void> {
    const { givesUp, onError } = this.#parts;
    this.hasFailed = true;
    this.#errors++;
    if (this.#errors >= STORE_TRIES && givesUp()) throw error;
    onError(error);
    const delayMs = backoffDelay(STORE_BACKOFF, this.#errors, error);
    await this.#pause.sleep(this.#isStopping ? Math.min(delayMs, MOST_PAUSE_AT_STOP_MS) : delayMs);
  }
}

function outcomeOf(
  job: ClaimedJob,
  settings: WorkerSettings,
  end: AttemptEnd,
  change: Change,
  runMs: number = 0,
  traceparent?: string,
): Outcome {
  const settlement = { jobId: job.id, leaseToken: job.leaseToken, change, runMs, traceparent };
  return { job, settings, end, settlement };
}

/**
 * What to record instead of an outcome that the store refused: a failure that says so, or without
 * any trace that the job is released. `undefined` when there is nothing less to record.
 */
function insteadOf(
  { job, settings, end, settlement }: Outcome,
  error: unknown,
): Outcome | undefined {
  const { change, runMs } = settlement;
  if (change.status === "ready") {
    if (!change.started) return undefined;
    return outcomeOf(job, settings, end, { ...change, started: false }, runMs);
  }
  if ("error" in end && end.error instanceof OutcomeRefusedError) return undefined;
  const said = error instanceof Error ? error.message : String(error);
  const refusal = new OutcomeRefusedError(
    `The store refused to record the attempt as ${change.status}: ${said}`,
    { cause: error },
  );
  const failed = { outcome: "failed", error: refusal } as const;
  const instead = changeOf(failed, job, () => retryDelay(job, settings, failed))!;
  return outcomeOf(job, settings, failed, instead, runMs);
}

/** The job's own rule, else the worker's. A rule that fails is reported and the default holds. */
function retryDelay(job: ClaimedJob, settings: WorkerSettings, end: AttemptEnd): number {
  const error = "error" in end ? end.error : undefined;
  try {
    const rule = job.backoff === undefined ? settings.backoff : JSON.parse(job.backoff) as Backoff;
    return backoffDelay(rule, job.attempts, error);
  } catch (problem) {
    settings.onError(problem);
    return backoffDelay(defaultBackoff, job.attempts, error);
  }
}
