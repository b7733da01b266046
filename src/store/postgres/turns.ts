/**
 * The turns of workers in Postgres. When an answer is lost with its connection, the next turn finds
 * out what became of it: outcomes that were recorded count as recorded, and jobs that were claimed
 * are handed out.
 *
 * @module
 */
import type {
  ClaimedJob,
  ExpiredJob,
  Lease,
  LeaseState,
  Settlement,
  Turn,
  TurnResult,
  Upkeep,
  UpkeepResult,
} from "../store.ts";
import { inClaimOrder } from "../claim_order.ts";
import { sweptApart } from "../swept_apart.ts";
import { type Client, isOutcomeUnknown, type Row } from "./client.ts";
import { claimedColumns, claimedNames, toClaimed } from "./claimed_rows.ts";
import { jobColumns, toExpired, toSettlementText } from "./rows.ts";
import { repeated } from "./surely.ts";

/** What also belongs to a result: queues in which something became ready. */
interface Woken {
  readonly woken: readonly string[];
}

// What an exchange has just seen need not be asked again.
const FRESH_MS = 1_500;
const RETENTION_EVERY_MS = 30_000;
// The server's calendar has a beginning.
const LONGEST_RETENTION_MS = 10_000_000_000_000;

/** The last row of an exchange. */
interface Summary {
  /** Null when all outcomes were recorded. */
  readonly settled: readonly LeaseState[] | null;
  readonly woken: readonly string[] | null;
  readonly nextInMs: number | null;
  readonly hasExpired: boolean;
  readonly hasCancelledTrees: boolean;
}

/** Turns over one schema. */
export class Turns {
  readonly #client: Client;
  readonly #schema: string;
  readonly #at: () => number | null;
  // The queues that a lost answer may have told of, by the token of its claims.
  readonly #lostClaims = new Map<string, Set<string>>();
  #unsureLeases = new Set<string>();
  #nothingExpiredAt = -Infinity;
  #hasCancelledTrees = true;
  #retainedAt = -Infinity;

  constructor(client: Client, schema: string, at: () => number | null) {
    this.#client = client;
    this.#schema = schema;
    this.#at = at;
  }

  /** Of two outcomes of one attempt the first counts; whoever gives the second has lost its lease. */
  async exchange(turn: Turn): Promise<TurnResult & Woken> {
    const jobIds = new Set(turn.settlements.map(({ jobId }) => jobId));
    if (jobIds.size === turn.settlements.length) return await this.#exchange(turn);
    const keys = turn.settlements.map(keyOf);
    const isFirst = (_: Settlement, i: number) => keys.indexOf(keys[i]!) === i;
    const firsts = turn.settlements.filter(isFirst);
    const { settled, ...result } = await this.#exchange({ ...turn, settlements: firsts });
    const stateOf = new Map(firsts.map((one, i) => [keyOf(one), settled[i]!]));
    return {
      ...result,
      settled: turn.settlements.map((one, i) => {
        const state = stateOf.get(keys[i]!)!;
        return isFirst(one, i) || state !== "held" ? state : "lost";
      }),
    };
  }

  async #exchange(turn: Turn): Promise<TurnResult & Woken> {
    const { settlements, claims } = turn;
    const found = await this.#findLostClaims(claims.map(({ queueName }) => queueName));
    const foundIn = (name: string) => found.filter(({ queueName }) => queueName === name).length;
    const room = claims.map((claim) => ({
      ...claim,
      limit: Math.max(0, claim.limit - foundIn(claim.queueName)),
    }));
    const claimToken = crypto.randomUUID();
    const isResent = this.#unsureLeases.size > 0 &&
      settlements.some((one) => this.#unsureLeases.has(keyOf(one)));
    let rows: readonly Row[];
    try {
      rows = await this.#client.call(
        `select * from ${this.#schema}.exchange($1::text::jsonb, $2::text::jsonb, $3::text::uuid, $4, ` +
          `to_timestamp($5::float8 / 1000))`,
        [
          toSettlementText(settlements),
          JSON.stringify(room),
          claimToken,
          isResent,
          this.#at(),
        ],
      );
    } catch (error) {
      for (const { leaseToken, queueName } of found) this.#loseClaim(leaseToken, [queueName]);
      if (isOutcomeUnknown(error)) this.#remember(turn, claimToken);
      throw error;
    }
    if (isResent) { for (const one of settlements) this.#unsureLeases.delete(keyOf(one)); }
    return this.#result(rows, settlements.length, claimToken, found);
  }

  async upkeep({ retentionMs, limit }: Upkeep): Promise<UpkeepResult & Woken> {
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
    const removed = await this.#retain(retentionMs, limit);
    return { expired, refused, removed, woken: [...woken] };
  }

  /** Cancels what was added to cancelled trees by transactions that were open then. */
  async #cancelLateDescendants(limit: number): Promise<readonly string[]> {
    const [row] = await this.#client.call(
      `select array_to_json(woken)::text as woken, exists (select from ${this.#schema}.cancelled_trees) ` +
        `as are_left from ${this.#schema}.cancel_late_descendants($1, ` +
        "to_timestamp($2::float8 / 1000)) woken",
      [limit, this.#at()],
    );
    // What its own statement removed it still sees, so the next one asks again.
    this.#hasCancelledTrees = row!.are_left as boolean;
    return JSON.parse(row!.woken as string);
  }

  /** Sweeps leases, or one of them, and notes in which queues something became ready. */
  async #sweep(limit: number, woken: Set<string>, id?: string): Promise<readonly ExpiredJob[]> {
    const sweep = () =>
      this.#client.call(
        `select ${jobColumns("(s.job)")}, s.lost_attempt, ` +
          `date_part('epoch', s.swept_at) * 1000 as swept_at, ` +
          `array_to_json(s.woken)::text as woken ` +
          `from ${this.#schema}.sweep($1, to_timestamp($2::float8 / 1000), $3::text::uuid) s`,
        [limit, this.#at(), id ?? null],
      );
    const rows = await repeated(sweep);
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

  /** Removes the oldest first. When a batch was full, the next upkeep goes on. */
  async #retain(retentionMs: number, limit: number): Promise<number> {
    const isFresh = this.#at() === null &&
      performance.now() - this.#retainedAt < RETENTION_EVERY_MS;
    if (isFresh) return 0;
    const [row] = await this.#client.query(
      `with gone as (
        delete from ${this.#schema}.ended where sequence = any(array(
          select sequence from ${this.#schema}.ended
          where finished_at <= (
            -- Once, so that it can be looked up in the index.
            select coalesce(to_timestamp($3::float8 / 1000), clock_timestamp())
              - $1::float8 * interval '1 ms')
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
    );
    const removed = row?.removed as number;
    if (removed < limit) this.#retainedAt = performance.now();
    return removed;
  }

  #result(
    rows: readonly Row[],
    settledCount: number,
    claimToken: string,
    found: readonly ClaimedJob[],
  ): TurnResult & Woken {
    const summary = JSON.parse(rows.at(-1)!.more as string) as Summary;
    this.#nothingExpiredAt = summary.hasExpired ? -Infinity : performance.now();
    this.#hasCancelledTrees = summary.hasCancelledTrees;
    const claimed = rows.slice(0, -1).map((row) => toClaimed(row, claimToken));
    // RETURNING promises no order.
    claimed.sort(inClaimOrder);
    const { settled, woken, nextInMs } = summary;
    return {
      settled: settled ?? new Array<LeaseState>(settledCount).fill("held"),
      woken: woken ?? [],
      claimed: [...found, ...claimed],
      nextInMs: nextInMs === null ? undefined : Math.ceil(nextInMs),
    };
  }

  #remember({ settlements, claims }: Turn, claimToken: string): void {
    this.#loseClaim(claimToken, claims.map(({ queueName }) => queueName));
    for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
  }

  #loseClaim(token: string, queueNames: readonly string[]): void {
    const lost = this.#lostClaims.get(token) ?? new Set();
    for (const queueName of queueNames) this.#lostClaims.set(token, lost.add(queueName));
  }

  /** Jobs that a lost answer told of, for queues that are claimed now. */
  async #findLostClaims(queueNames: readonly string[]): Promise<readonly ClaimedJob[]> {
    const tokens = [...this.#lostClaims].filter(([, lost]) =>
      queueNames.some((one) => lost.has(one))
    )
      .map(([token]) => token);
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
    for (const token of tokens) this.#findClaim(token, queueNames);
    return rows.map((row) => toClaimed(row, row.lease_token as string));
  }

  #findClaim(token: string, queueNames: readonly string[]): void {
    const lost = this.#lostClaims.get(token);
    for (const queueName of queueNames) lost?.delete(queueName);
    if (lost?.size === 0) this.#lostClaims.delete(token);
  }
}

/** One attempt: all jobs of one claim share its token. */
function keyOf({ jobId, leaseToken }: Lease): string {
  return `${jobId} ${leaseToken}`;
}
