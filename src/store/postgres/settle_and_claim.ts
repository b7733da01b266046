/**
 * Recording outcomes and claiming jobs in Postgres. When an answer is lost with its connection, the next
 * call finds out what became of it: outcomes that were recorded count as recorded, and jobs that were
 * claimed are answered.
 *
 * @module
 */
import { inClaimOrder } from "../rules.ts";
import type {
  ClaimedJob,
  Lease,
  LeaseState,
  SettleAndClaimRequest,
  SettleAndClaimResult,
  Settlement,
} from "../store.ts";
import { LostClaims, toClaimed } from "./claim.ts";
import { Allowance, type Client, type Row } from "./client.ts";
import { isOutcomeUnknown } from "./errors.ts";
import type { Noticed } from "./maintenance.ts";
import { toSettlementText } from "./rows.ts";

/** The answer of `settle_and_claim`, with the queues in which something became ready. */
export type NotifyingResult = SettleAndClaimResult & { readonly readyQueues: readonly string[] };

/** The last row of `settle_and_claim`. */
interface Summary extends Noticed {
  /** Null when all outcomes were recorded. */
  readonly settled: readonly LeaseState[] | null;
  readonly readyQueues: readonly string[] | null;
  /** For each claim. */
  readonly nextInMs: readonly (number | null)[];
}

/** Calls `settle_and_claim` of one schema. */
export class SettleAndClaim {
  readonly #client: Client;
  readonly #schema: string;
  readonly #at: () => number | null;
  readonly #onNoticed: (noticed: Noticed) => void;
  readonly #lostClaims: LostClaims;
  readonly #outcomes = new Allowance();
  // Leases of settlements whose answer was lost.
  readonly #unsureLeases = new Set<string>();

  /** `schema` is a quoted name; `onNoticed` is called with what the function saw on its way. */
  constructor(
    client: Client,
    schema: string,
    at: () => number | null,
    onNoticed: (noticed: Noticed) => void,
  ) {
    this.#client = client;
    this.#schema = schema;
    this.#at = at;
    this.#onNoticed = onNoticed;
    this.#lostClaims = new LostClaims(client, schema);
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
    const found = await this.#lostClaims.find(claims.map(({ queueName }) => queueName));
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
        this.#lostClaims.add(leaseToken, claims.filter((claim) => claim.queueName === queueName));
      }
      if (isOutcomeUnknown(error)) this.#remember(request, claimToken);
      throw error;
    }
    if (isResent) { for (const one of settlements) this.#unsureLeases.delete(keyOf(one)); }
    return this.#result(rows, order, claimToken, found);
  }

  /** In two statements: outcomes that take long must not delay claims until their leases are over. */
  async #settleThenClaim(
    { settlements, claims }: SettleAndClaimRequest,
  ): Promise<NotifyingResult> {
    const { settled, readyQueues } = await this.#callOnce({ settlements, claims: [] });
    try {
      const result = await this.#callOnce({ settlements: [], claims });
      return { ...result, settled, readyQueues: [...readyQueues, ...result.readyQueues] };
    } catch (error) {
      // They come again, and are recorded already.
      for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
      throw error;
    }
  }

  #result(
    rows: readonly Row[],
    order: readonly number[],
    claimToken: string,
    found: readonly ClaimedJob[],
  ): NotifyingResult {
    const summary = JSON.parse(rows.at(-1)!.more as string) as Summary;
    this.#onNoticed(summary);
    const claimed = rows.slice(0, -1).map((row) => toClaimed(row, claimToken));
    // RETURNING promises no order.
    claimed.sort(inClaimOrder);
    const { settled, readyQueues, nextInMs } = summary;
    return {
      settled: settled === null ? order.map(() => "held") : inOrder(settled, order),
      readyQueues: readyQueues ?? [],
      claimed: [...found, ...claimed],
      nextInMs: nextInMs.map((ms) => ms === null ? undefined : Math.ceil(ms)),
    };
  }

  #remember({ settlements, claims }: SettleAndClaimRequest, claimToken: string): void {
    this.#lostClaims.add(claimToken, claims);
    for (const settlement of settlements) this.#unsureLeases.add(keyOf(settlement));
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
