/**
 * Recording outcomes and claiming jobs in Postgres. When an answer is lost with its connection, the next
 * call finds out what became of it: outcomes that were recorded count as recorded, and jobs that were
 * claimed are answered.
 *
 * @module
 */
import { inClaimOrder } from "../rules.ts";
import type {
  Change,
  ClaimedJob,
  Lease,
  LeaseState,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
} from "../store.ts";
import { ClaimPositions, type ClaimStart } from "./claim_positions.ts";
import { LostClaims, toClaimed, type TokenClaim } from "./claim.ts";
import { Allowance, type Client, type Row } from "./client.ts";
import { isOutcomeUnknown } from "./errors.ts";
import { byClaim, type HeldPlace, inPlace } from "./lease_tokens.ts";
import type { LookedUntil, Noticed } from "./maintenance.ts";
import type { Workers } from "./workers.ts";

/** The answer of `settle_and_claim`, and what workers are to be notified of. */
export interface NotifyingResult extends SettleAndClaimResult {
  /** The queues in which something became ready. */
  readonly readyQueues: readonly string[];
  /** Those that an outcome paused. */
  readonly pausedQueues: readonly string[];
}

/** The last row of `settle_and_claim`, which has no jobs. */
interface Summary {
  /** The time of the claims, in ms since 1970. */
  readonly at: number;
  /** Null when all outcomes were recorded. */
  readonly settled: readonly LeaseState[] | null;
  readonly readyQueues: readonly string[] | null;
  readonly pausedQueues: readonly string[] | null;
  /** For each claim. */
  readonly nextInMs: readonly (number | null)[];
  /** How long the server took for each claim, in ms. */
  readonly tookMs: readonly number[];
  /** Null if it was not asked for. */
  readonly noticed: Noticed | null;
}

/** What is told what there is to maintain. */
interface Maintained {
  readonly lookedUntil: () => LookedUntil;
  readonly note: (noticed: Noticed, at: number) => void;
}

// What maintenance may have to do is looked for so often, beside the claims.
const LOOK_EVERY_MS = 500;

/** Calls `settle_and_claim` of one schema. */
export class SettleAndClaim {
  readonly #client: Client;
  readonly #schema: string;
  readonly #at: () => number | null;
  readonly #maintenance: Maintained;
  readonly #workers: Pick<Workers, "numberOf">;
  readonly #lostClaims: LostClaims;
  readonly #positions: ClaimPositions = new ClaimPositions();
  #lookAt = -Infinity;
  readonly #outcomes = new Allowance();
  // Leases of settlements whose answer was lost.
  readonly #unsureLeases = new Set<string>();

  /** `schema` is a quoted name. What the function sees on its way is told to the maintenance. */
  constructor(
    client: Client,
    schema: string,
    at: () => number | null,
    maintenance: Maintained,
    workers: Pick<Workers, "numberOf">,
  ) {
    this.#client = client;
    this.#schema = schema;
    this.#at = at;
    this.#maintenance = maintenance;
    this.#workers = workers;
    this.#lostClaims = new LostClaims(client, schema);
  }

  /** Whether the first ready job of a queue is found quickly. */
  isQuick(queueName: string): boolean {
    return this.#positions.startOf(queueName) === undefined;
  }

  /** The answer to a claim was lost that was made elsewhere. */
  addLost(claim: TokenClaim): void {
    this.#lostClaims.add([claim]);
  }

  /** Jobs of the queue may have become ready behind those that were claimed last. */
  startOver(queueName: string): void {
    this.#positions.startOver(queueName);
  }

  /** Of two outcomes of one attempt the first counts; for the second the lease is lost. */
  async call(request: SettleAndClaimRequest): Promise<NotifyingResult> {
    const jobIds = new Set(request.settlements.map(({ jobId }) => jobId));
    if (jobIds.size === request.settlements.length) return await this.#callOnce(request);
    const keys = request.settlements.map(keyOf);
    const isFirst = (_: Settlement, i: number) => keys.indexOf(keys[i]!) === i;
    const firsts = request.settlements.filter(isFirst);
    const { settled, ...result } = await this.#callOnce({ ...request, settlements: firsts });
    const stateOf = new Map(firsts.map((one, i) => [keyOf(one), settled[i]!]));
    return {
      ...result,
      settled: request.settlements.map((one, i) => {
        const state = stateOf.get(keys[i]!)!;
        return isFirst(one, i) || state !== "held" ? state : "lost";
      }),
    };
  }

  async #callOnce(request: SettleAndClaimRequest): Promise<NotifyingResult> {
    const { settlements, claims } = request;
    const isApart = this.#outcomes.isExtended && settlements.length > 0 && claims.length > 0;
    if (isApart) return await this.#settleThenClaim(request);
    const queueNames = claims.map(({ queueName }) => queueName);
    const found = await this.#lostClaims.find(queueNames, this.#at());
    const foundIn = (name: string) => found.filter(({ queueName }) => queueName === name).length;
    const room: readonly AskedClaim[] = claims.map((claim) => ({
      ...claim,
      token: crypto.randomUUID(),
      worker: this.#workers.numberOf(claim.workerName),
      limit: Math.max(0, claim.limit - foundIn(claim.queueName)),
      ...this.#at() === null && this.#positions.startOf(claim.queueName),
    }));
    const askedAt = performance.now();
    const looks = askedAt >= this.#lookAt || this.#at() !== null
      ? JSON.stringify(this.#maintenance.lookedUntil())
      : null;
    const isResent = this.#unsureLeases.size > 0 &&
      settlements.some((one) => this.#unsureLeases.has(keyOf(one)));
    const { text, order } = toSettlementText(settlements);
    const call = (limitMs: number) =>
      this.#client.call(
        `select * from ${this.#schema}.settle_and_claim($1::text::jsonb, $2::text::jsonb, $3, ` +
          `$4::text::jsonb, to_timestamp($5::float8 / 1000))`,
        [
          text,
          JSON.stringify(room),
          isResent,
          looks,
          this.#at(),
        ],
        limitMs,
      );
    const usualMs = this.#client.limitFor(Math.min(...claims.map(({ leaseMs }) => leaseMs)));
    let rows: readonly Row[];
    try {
      rows = settlements.length > 0 ? await this.#outcomes.run(usualMs, call) : await call(usualMs);
    } catch (error) {
      this.#lostClaims.addFound(found, claims);
      if (isOutcomeUnknown(error)) {
        this.#lostClaims.add(room);
        for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
      }
      throw error;
    }
    if (isResent) { for (const one of settlements) this.#unsureLeases.delete(keyOf(one)); }
    const result = this.#result(rows, {
      order,
      count: settlements.length,
      claims: room,
      found,
      askedAt,
    });
    // What is released is behind the place that was reached.
    if (settlements.some(({ change }) => change.status === "ready")) {
      for (const queueName of result.readyQueues) this.startOver(queueName);
    }
    return result;
  }

  /** In two statements: outcomes that take long must not delay claims until their leases are over. */
  async #settleThenClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<NotifyingResult> {
    const recorded = await this.#callOnce({ settlements, claims: [] });
    try {
      const { claimed, nextInMs, readyQueues } = await this.#callOnce({ settlements: [], claims });
      const { readyQueues: ready } = recorded;
      return { ...recorded, claimed, nextInMs, readyQueues: [...ready, ...readyQueues] };
    } catch (error) {
      // They come again, and are recorded already.
      for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
      throw error;
    }
  }

  #result(rows: readonly Row[], { order, count, claims, found, askedAt }: Asked): NotifyingResult {
    const summary = JSON.parse(rows.at(-1)!.summary as string) as Summary;
    if (summary.noticed !== null) {
      this.#maintenance.note(summary.noticed, summary.at);
      this.#lookAt = askedAt + LOOK_EVERY_MS;
    }
    const claimedAt = Math.round(summary.at);
    const claimed = rows.slice(0, -1).flatMap((row) => {
      const { token, queueName, workerName } = claims[(row.claim as number) - 1]!;
      return toClaimed(row, { token, queueName, claimedAt, workerName });
    });
    // RETURNING promises no order.
    claimed.sort(inClaimOrder);
    claims.forEach(({ queueName, ranges }, i) => {
      const jobs = claims.length === 1
        ? claimed
        : claimed.filter((job) => job.queueName === queueName);
      this.#positions.claimed(queueName, {
        jobs,
        isFromHead: ranges === undefined,
        at: claimedAt,
        tookMs: summary.tookMs[i]!,
      });
    });
    const { settled, readyQueues, pausedQueues, nextInMs } = summary;
    // A lease that is none of ours was not asked for.
    const isHeld = settled === null && order.length === count;
    const states = settled ?? order.map(() => "held" as const);
    return {
      settled: isHeld ? states : inPlace(states, order, count),
      readyQueues: readyQueues ?? [],
      pausedQueues: pausedQueues ?? [],
      claimed: [...found, ...claimed],
      nextInMs: nextInMs.map((ms) => ms === null ? undefined : Math.ceil(ms)),
    };
  }
}

/** A claim as it is asked for, from the head of the queue or from a start. */
type AskedClaim = TokenClaim & Partial<ClaimStart> & {
  /** The number of the worker, once it is known. */
  readonly worker: number | undefined;
};

/** What was asked of `settle_and_claim`. */
interface Asked {
  /** Which settlement each of those is that were sent. */
  readonly order: readonly number[];
  /** How many settlements there were. */
  readonly count: number;
  readonly claims: readonly AskedClaim[];
  /** By `performance.now()`. */
  readonly askedAt: number;
  /** Jobs of earlier claims whose answer was lost. */
  readonly found: readonly ClaimedJob[];
}

/** The settlements of one claim, as the function `settle` takes them. */
class ClaimSettlements {
  readonly #token: string;
  readonly #completed: number[] = [];
  readonly #others: number[] = [];
  readonly #places: number[] = [];
  readonly #sequences: number[] = [];
  readonly #runMs: number[] = [];
  readonly #spans: (string | null)[] = [];
  readonly #results: (string | null)[] = [];
  readonly #changes: (readonly unknown[])[] = [];
  #hasSpans = false;
  #hasResults = false;

  constructor(token: string) {
    this.#token = token;
  }

  /** Which settlements they are, in the order in which the server answers them. */
  get order(): readonly number[] {
    return [...this.#completed, ...this.#others];
  }

  add(i: number, { place, sequence }: HeldPlace, { change, runMs, traceparent }: Settlement): void {
    if (change.status !== "completed") {
      this.#others.push(i);
      this.#changes.push([place, sequence, ...changePlaces(change, runMs, traceparent)]);
      return;
    }
    this.#completed.push(i);
    this.#places.push(place);
    this.#sequences.push(sequence);
    this.#runMs.push(runMs);
    this.#spans.push(traceparent ?? null);
    this.#results.push(change.result ?? null);
    this.#hasSpans ||= traceparent !== undefined;
    this.#hasResults ||= change.result !== undefined;
  }

  /** By place. Lists of numbers go as arrays of Postgres, which it reads faster than JSON. */
  toJSON(): readonly unknown[] {
    return [
      this.#token,
      `{${this.#places.join()}}`,
      `{${this.#sequences.join()}}`,
      `{${this.#runMs.join()}}`,
      this.#hasSpans ? this.#spans : null,
      this.#hasResults ? this.#results : null,
      this.#changes.length > 0 ? this.#changes : null,
    ];
  }
}

/** An outcome that did not complete its job, after its place and job. */
function changePlaces(
  change: Exclude<Change, { readonly status: "completed" }>,
  runMs: number,
  traceparent: string | undefined,
): readonly unknown[] {
  const places = [change.status, runMs, traceparent ?? null, change.outcome];
  switch (change.status) {
    case "ready":
      return change.started ? places : [...places, null, null, "not started"];
    case "failed":
      return [...places, JSON.stringify(change.error)];
    case "retrying":
      return [...places, JSON.stringify(change.error), change.delayMs];
    case "scheduled":
      return [...places, null, change.delayMs, null, change.pauseReason ?? null];
  }
}

/** Settlements as `settle_and_claim` reads them. */
function toSettlementText(
  settlements: readonly Settlement[],
): { readonly text: string; readonly order: readonly number[] } {
  const claims = byClaim(
    settlements,
    (claim) => new ClaimSettlements(claim),
    (claim, i, held) => claim.add(i, held, settlements[i]!),
  );
  return { text: JSON.stringify(claims), order: claims.flatMap(({ order }) => order) };
}

/** One attempt. */
function keyOf({ jobId, leaseToken }: Lease): string {
  return `${jobId} ${leaseToken}`;
}
