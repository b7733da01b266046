/**
 * The turns of workers in Postgres. When an answer is lost with its connection, the next turn finds
 * out what became of it: outcomes that were recorded count as recorded, and jobs that were claimed
 * are handed out.
 *
 * @module
 */
import type {
  Claim,
  ClaimedJob,
  ExpiredJob,
  Lease,
  LeaseState,
  Maintenance,
  MaintenanceResult,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
} from "../store.ts";
import { Allowance } from "./allowance.ts";
import { inClaimOrder } from "../rules.ts";
import { sweptApart } from "../rules.ts";
import type { Client, Row } from "./client.ts";
import { isOutcomeUnknown } from "./errors.ts";
import { claimedColumns, claimedNames, toClaimed } from "./claimed_rows.ts";
import { LateDependents } from "./late_dependents.ts";
import { retried } from "./retry.ts";
import { jobColumns, toExpired, toSettlementText } from "./rows.ts";

/** What also belongs to a result: queues in which something became ready. */
interface Woken {
  readonly woken: readonly string[];
}

// What an settleAndClaim has just seen need not be asked again.
const FRESH_MS = 1_500;
const RETENTION_EVERY_MS = 30_000;
// The server's calendar has a beginning.
const LONGEST_RETENTION_MS = 10_000_000_000_000;

/** The last row of settle_and_claim. */
interface Summary {
  /** Null when all outcomes were recorded. */
  readonly settled: readonly LeaseState[] | null;
  readonly woken: readonly string[] | null;
  /** For each claim. */
  readonly nextInMs: readonly (number | null)[];
  readonly hasExpired: boolean;
  readonly hasCancelledTrees: boolean;
  readonly lastDependent: string | null;
}

/** Claims whose answer was lost. Their statement may commit late, even after it was given up. */
interface LostClaim {
  /** The queues that the answer may have told of. */
  readonly queueNames: Set<string>;
  /** When their leases are over, by `performance.now()`. */
  readonly until: number;
  /** When to look again. */
  lookAt: number;
}

// Between two looks for the jobs of a lost answer.
const LOOK_EVERY_MS = 250;

/** Turns over one schema. */
export class Turns {
  readonly #client: Client;
  readonly #schema: string;
  readonly #at: () => number | null;
  // By the token of its claims.
  readonly #lostClaims = new Map<string, LostClaim>();
  readonly #lateDependents: LateDependents;
  readonly #outcomes = new Allowance();
  readonly #sweeps = new Allowance();
  #unsureLeases = new Set<string>();
  #nothingExpiredAt = -Infinity;
  #hasCancelledTrees = true;
  #retainedAt = -Infinity;

  constructor(client: Client, schema: string, at: () => number | null) {
    this.#client = client;
    this.#schema = schema;
    this.#at = at;
    this.#lateDependents = new LateDependents(client, schema);
  }

  /** Tells that dependents were added here, behind jobs that may have ended at the same moment. */
  noteDependents(): void {
    this.#lateDependents.noteAdded();
  }

  /** Of two outcomes of one attempt the first counts; whoever gives the second has lost its lease. */
  async settleAndClaim(request: SettleAndClaimRequest): Promise<SettleAndClaimResult & Woken> {
    const jobIds = new Set(request.settlements.map(({ jobId }) => jobId));
    if (jobIds.size === request.settlements.length) return await this.#settleAndClaim(request);
    const keys = request.settlements.map(keyOf);
    const isFirst = (_: Settlement, i: number) => keys.indexOf(keys[i]!) === i;
    const firsts = request.settlements.filter(isFirst);
    const { settled, ...result } = await this.#settleAndClaim({ ...request, settlements: firsts });
    const stateOf = new Map(firsts.map((one, i) => [keyOf(one), settled[i]!]));
    return {
      ...result,
      settled: request.settlements.map((one, i) => {
        const state = stateOf.get(keys[i]!)!;
        return isFirst(one, i) || state !== "held" ? state : "lost";
      }),
    };
  }

  async #settleAndClaim(request: SettleAndClaimRequest): Promise<SettleAndClaimResult & Woken> {
    const { settlements, claims } = request;
    const isApart = this.#outcomes.isExtended && settlements.length > 0 && claims.length > 0;
    if (isApart) return await this.#settleThenClaim(request);
    const found = await this.#findLostClaims(claims.map(({ queueName }) => queueName));
    const foundIn = (name: string) => found.filter(({ queueName }) => queueName === name).length;
    const room = claims.map((claim) => ({
      ...claim,
      limit: Math.max(0, claim.limit - foundIn(claim.queueName)),
    }));
    const claimToken = crypto.randomUUID();
    const isResent = this.#unsureLeases.size > 0 &&
      settlements.some((one) => this.#unsureLeases.has(keyOf(one)));
    // By id, as all locks of jobs are taken.
    const order = settlements.map((_, i) => i);
    order.sort((a, b) => settlements[a]!.jobId < settlements[b]!.jobId ? -1 : 1);
    const call = (limitMs: number) =>
      this.#client.call(
        `select * from ${this.#schema}.settle_and_claim($1::text::jsonb, $2::text::jsonb, $3::text::uuid, $4, ` +
          `to_timestamp($5::float8 / 1000))`,
        [
          toSettlementText(order.map((i) => settlements[i]!)),
          JSON.stringify(room),
          claimToken,
          isResent,
          this.#at(),
        ],
        limitMs,
      );
    const usualMs = this.#client.limitFor(Math.min(...claims.map(({ leaseMs }) => leaseMs)));
    let rows: readonly Row[];
    try {
      rows = settlements.length > 0 ? await this.#outcomes.run(usualMs, call) : await call(usualMs);
    } catch (error) {
      for (const { leaseToken, queueName } of found) {
        this.#loseClaim(leaseToken, claims.filter((claim) => claim.queueName === queueName));
      }
      if (isOutcomeUnknown(error)) this.#remember(request, claimToken);
      throw error;
    }
    if (isResent) { for (const one of settlements) this.#unsureLeases.delete(keyOf(one)); }
    return this.#result(rows, order, claimToken, found);
  }

  /** Outcomes that take long keep nobody from claiming, and no lease is over before it is handed out. */
  async #settleThenClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<SettleAndClaimResult & Woken> {
    const { settled, woken } = await this.#settleAndClaim({ settlements, claims: [] });
    try {
      const result = await this.#settleAndClaim({ settlements: [], claims });
      return { ...result, settled, woken: [...woken, ...result.woken] };
    } catch (error) {
      // They come again, and are recorded already.
      for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
      throw error;
    }
  }

  async maintain({ retentionMs, limit }: Maintenance): Promise<MaintenanceResult & Woken> {
    const isFresh = this.#at() === null && performance.now() - this.#nothingExpiredAt < FRESH_MS;
    const woken = new Set<string>();
    const { expired, refused } = isFresh ? { expired: [], refused: [] } : await sweptApart({
      all: () => this.#sweep(limit, woken),
      ids: () => this.#expiredIds(limit),
      one: (id) => this.#sweep(1, woken, id),
    });
    if (!isFresh && expired.length + refused.length < limit) {
      this.#nothingExpiredAt = performance.now();
    }
    if (this.#hasCancelledTrees) {
      for (const queueName of await this.#cancelLateDescendants(limit)) woken.add(queueName);
    }
    const freed = this.#lateDependents.isDue ? await this.#lateDependents.free(this.#at()) : [];
    const removed = await this.#retain(retentionMs, limit);
    return { expired, refused, removed, woken: [...woken, ...freed] };
  }

  /** Cancels what was added to cancelled trees by transactions that were open then. */
  async #cancelLateDescendants(limit: number): Promise<readonly string[]> {
    const cancel = () =>
      this.#client.call(
        `select array_to_json(woken)::text as woken, exists (select from ${this.#schema}.cancelled_trees) ` +
          `as are_left from ${this.#schema}.cancel_late_descendants($1, ` +
          "to_timestamp($2::float8 / 1000)) woken",
        [limit, this.#at()],
        this.#client.longLimitMs,
      );
    const [row] = await retried(cancel);
    // What its own statement removed it still sees, so the next one asks again.
    this.#hasCancelledTrees = row!.are_left as boolean;
    return JSON.parse(row!.woken as string);
  }

  /** Sweeps leases, or one of them, and notes in which queues something became ready. */
  async #sweep(limit: number, woken: Set<string>, id?: string): Promise<readonly ExpiredJob[]> {
    const sweep = (limitMs: number) =>
      this.#client.call(
        `select ${jobColumns("(s.job)")}, s.lost_attempt, ` +
          `date_part('epoch', s.swept_at) * 1000 as swept_at, ` +
          `array_to_json(s.woken)::text as woken ` +
          `from ${this.#schema}.sweep($1, to_timestamp($2::float8 / 1000), $3::text::uuid) s`,
        [limit, this.#at(), id ?? null],
        limitMs,
      );
    const rows = await retried(() => this.#sweeps.run(this.#client.longLimitMs, sweep));
    const queueNames = rows.length > 0 ? JSON.parse(rows[0]!.woken as string) as string[] : [];
    for (const queueName of queueNames) woken.add(queueName);
    return rows.map(toExpired);
  }

  async #expiredIds(limit: number): Promise<readonly string[]> {
    const rows = await this.#client.query(
      `select id::text as id from ${this.#schema}.live where status = 'running' and leased_until < ` +
        "(select coalesce(to_timestamp($2::float8 / 1000), clock_timestamp())) " +
        "order by leased_until limit $1::integer",
      [limit, this.#at()],
    );
    return rows.map(({ id }) => id as string);
  }

  /** Removes the oldest first. When a batch was full, the next maintenance run goes on. */
  async #retain(retentionMs: number, limit: number): Promise<number> {
    const isFresh = this.#at() === null &&
      performance.now() - this.#retainedAt < RETENTION_EVERY_MS;
    if (isFresh) return 0;
    const remove = () =>
      this.#client.query(
        `with gone as (
        delete from ${this.#schema}.ended where sequence = any(array(
          select sequence from ${this.#schema}.ended
          where finished_at <= (
            -- Once, so that it can be looked up in the index.
            select coalesce(to_timestamp($3::float8 / 1000), clock_timestamp())
              - $1::float8 * interval '1 ms')
            -- A dependent that was added at the same moment has yet to be told how it ended.
            and not exists (select from ${this.#schema}.dependencies w where w.dependency_id = ended.id)
          order by finished_at, sequence limit $2::integer for update skip locked))
        returning id, sequence
      ), removed as (
        delete from ${this.#schema}.enqueued where sequence in (select sequence from gone)
      ), forgotten as (
        delete from ${this.#schema}.attempts where job_id in (select id from gone)
      ), unknown as (
        delete from ${this.#schema}.attempt_traces where job_id in (select id from gone)
      )
      select count(*)::integer as removed from gone`,
        [Math.min(retentionMs, LONGEST_RETENTION_MS), limit, this.#at()],
        this.#client.longLimitMs,
      );
    const [row] = await retried(remove);
    const removed = row?.removed as number;
    if (removed < limit) this.#retainedAt = performance.now();
    return removed;
  }

  #result(
    rows: readonly Row[],
    order: readonly number[],
    claimToken: string,
    found: readonly ClaimedJob[],
  ): SettleAndClaimResult & Woken {
    const summary = JSON.parse(rows.at(-1)!.more as string) as Summary;
    this.#nothingExpiredAt = summary.hasExpired ? -Infinity : performance.now();
    this.#hasCancelledTrees = summary.hasCancelledTrees;
    this.#lateDependents.noteLast(summary.lastDependent);
    const claimed = rows.slice(0, -1).map((row) => toClaimed(row, claimToken));
    // RETURNING promises no order.
    claimed.sort(inClaimOrder);
    const { settled, woken, nextInMs } = summary;
    return {
      settled: settled === null ? order.map(() => "held") : inOrder(settled, order),
      woken: woken ?? [],
      claimed: [...found, ...claimed],
      nextInMs: nextInMs.map((ms) => ms === null ? undefined : Math.ceil(ms)),
    };
  }

  #remember({ settlements, claims }: SettleAndClaimRequest, claimToken: string): void {
    this.#loseClaim(claimToken, claims);
    for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
  }

  #loseClaim(token: string, claims: readonly Claim[]): void {
    if (claims.length === 0) return;
    const now = performance.now();
    const lost = this.#lostClaims.get(token) ?? {
      queueNames: new Set(),
      until: now + Math.max(...claims.map(({ leaseMs }) => leaseMs)),
      lookAt: now,
    };
    for (const { queueName } of claims) lost.queueNames.add(queueName);
    this.#lostClaims.set(token, lost);
  }

  /** Jobs that a lost answer told of, for queues that are claimed now. */
  async #findLostClaims(queueNames: readonly string[]): Promise<readonly ClaimedJob[]> {
    const tokens = this.#lostTokens(queueNames);
    if (tokens.length === 0) return [];
    const rows = await this.#client.query(
      `select l.lease_token::text as lease_token, c.* from ${this.#schema}.live l ` +
        `join ${this.#schema}.enqueued e on e.sequence = l.sequence, ` +
        `lateral (select ${claimedColumns(this.#schema)}) as c (${claimedNames}) ` +
        "where l.status = 'running' " +
        "and l.lease_token in (select t::uuid from jsonb_array_elements_text($1::text::jsonb) t) " +
        "and l.queue_name in (select q from jsonb_array_elements_text($2::text::jsonb) q)",
      [JSON.stringify(tokens), JSON.stringify(queueNames)],
    );
    const found = rows.map((row) => toClaimed(row, row.lease_token as string));
    // A statement claims all at once: once some are found, those of this queue are.
    for (const { leaseToken, queueName } of found) {
      const lost = this.#lostClaims.get(leaseToken);
      lost?.queueNames.delete(queueName);
      if (lost?.queueNames.size === 0) this.#lostClaims.delete(leaseToken);
    }
    return found;
  }

  /** Which to look for now. Those whose leases are over by now are anybody's again. */
  #lostTokens(queueNames: readonly string[]): readonly string[] {
    const now = performance.now();
    const tokens: string[] = [];
    for (const [token, lost] of this.#lostClaims) {
      if (lost.until <= now) this.#lostClaims.delete(token);
      else if (lost.lookAt <= now && queueNames.some((one) => lost.queueNames.has(one))) {
        lost.lookAt = now + LOOK_EVERY_MS;
        tokens.push(token);
      }
    }
    return tokens;
  }
}

/** Puts each state where its settlement is. */
function inOrder(states: readonly LeaseState[], order: readonly number[]): readonly LeaseState[] {
  const settled: LeaseState[] = [];
  order.forEach((at, i) => settled[at] = states[i]!);
  return settled;
}

/** One attempt: all jobs of one claim share its token. */
function keyOf({ jobId, leaseToken }: Lease): string {
  return `${jobId} ${leaseToken}`;
}
