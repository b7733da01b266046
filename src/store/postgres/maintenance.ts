/**
 * Maintenance in Postgres: expired leases are swept, what transactions added too late to be seen is freed
 * or cancelled, and ended jobs are removed when their time is over.
 *
 * @module
 */
import type { ExpiredJob, Maintenance, MaintenanceResult } from "../store.ts";
import { retentionOf, sweptApart } from "../rules.ts";
import { Allowance, type Client } from "./client.ts";
import { retried } from "./errors.ts";
import { expiredIds, sweepLeases } from "./leases.ts";

/** What `settle_and_claim` sees on its way, so that maintenance need not ask for it. */
export interface Noticed {
  /** Whether a lease has expired. */
  readonly hasExpired: boolean;
  /** Whether jobs were cancelled with descendants of which transactions may add more. */
  readonly hasCancelledTrees: boolean;
  /** The last transaction that added a dependent, if any is left. */
  readonly lastDependent: string | null;
}

/** Where `settle_and_claim` begins to look for it: what is before was seen to be done. */
export interface LookedUntil {
  /** In ms since 1970; null for the beginning. */
  readonly expiredFrom: number | null;
  /** The id of a transaction. */
  readonly dependentsFrom: string;
}

// A claim may be committed later than it was made, by no more than this. Whatever is older is found by a
// look from the beginning.
const LATE_MS = 5_000;
const FROM_BEGINNING_EVERY_MS = 30_000;
// What settle_and_claim has just seen need not be asked again.
const FRESH_MS = 1_500;
const RETENTION_EVERY_MS = 30_000;
const DEPENDENTS_AT_ONCE = 10_000;
// Smaller tables cost a claim nothing that matters.
const MOST_EMPTY_BYTES = 16 * 1024 * 1024;

/** The maintenance of one schema. */
export class SchemaMaintenance {
  readonly #client: Client;
  readonly #schema: string;
  readonly #at: () => number | null;
  readonly #lateDependents: LateDependents;
  readonly #sweeps = new Allowance();
  #nothingExpiredAt = -Infinity;
  #expiredFrom: number | null = null;
  #fromBeginningAt = -Infinity;
  #hasCancelledTrees = true;
  #retainedAt = -Infinity;

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string, at: () => number | null) {
    this.#client = client;
    this.#schema = schema;
    this.#at = at;
    this.#lateDependents = new LateDependents(client, schema);
  }

  /** Dependents were added here, behind jobs that may have ended at the same moment. */
  noteDependents(): void {
    this.#lateDependents.noteAdded();
  }

  /**
   * Where to look now. Leases that are over leave dead entries in the index, which nobody can remove
   * while an older transaction is open.
   */
  lookedUntil(): LookedUntil {
    const dependentsFrom = String(this.#lateDependents.seenBelow);
    const now = performance.now();
    if (this.#at() === null && now < this.#fromBeginningAt) {
      return { expiredFrom: this.#expiredFrom, dependentsFrom };
    }
    this.#fromBeginningAt = now + FROM_BEGINNING_EVERY_MS;
    return { expiredFrom: null, dependentsFrom };
  }

  /** Notes what `settle_and_claim` has seen, and when, by the store's clock. */
  note({ hasExpired, hasCancelledTrees, lastDependent }: Noticed, at: number): void {
    this.#nothingExpiredAt = hasExpired ? -Infinity : performance.now();
    if (hasExpired) this.#fromBeginningAt = -Infinity;
    else this.#expiredFrom = at - LATE_MS;
    this.#hasCancelledTrees = hasCancelledTrees;
    this.#lateDependents.noteLast(lastDependent);
  }

  /** Does what is due, and says in which queues something became ready. */
  async run(
    { retentionMs, limit }: Maintenance,
  ): Promise<MaintenanceResult & { readonly readyQueues: readonly string[] }> {
    const readyQueues = new Set<string>();
    const { expired, refused } = await this.#sweepAll(limit, readyQueues);
    if (this.#hasCancelledTrees) {
      for (const queueName of await this.#cancelLateDescendants(limit)) readyQueues.add(queueName);
    }
    const freed = this.#lateDependents.isDue ? await this.#lateDependents.free(this.#at()) : [];
    const removed = await this.#removeEnded(retentionMs, limit);
    return { expired, refused, removed, readyQueues: [...readyQueues, ...freed] };
  }

  async #sweepAll(
    limit: number,
    readyQueues: Set<string>,
  ): Promise<Pick<MaintenanceResult, "expired" | "refused">> {
    const isFresh = this.#at() === null && performance.now() - this.#nothingExpiredAt < FRESH_MS;
    if (isFresh) return { expired: [], refused: [] };
    const swept = await sweptApart({
      all: () => this.#sweep(limit, readyQueues),
      ids: () => expiredIds(this.#client, this.#schema, limit, this.#at()),
      one: (id) => this.#sweep(1, readyQueues, id),
    });
    if (swept.expired.length + swept.refused.length < limit) {
      this.#nothingExpiredAt = performance.now();
    }
    return swept;
  }

  /** Sweeps leases, or one of them, and notes in which queues something became ready. */
  async #sweep(
    limit: number,
    readyQueues: Set<string>,
    id?: string,
  ): Promise<readonly ExpiredJob[]> {
    const which = { limit, id, at: this.#at() };
    const swept = await retried(() =>
      this.#sweeps.run(
        this.#client.longLimitMs,
        (limitMs) => sweepLeases(this.#client, this.#schema, which, limitMs),
      )
    );
    for (const queueName of swept.readyQueues) readyQueues.add(queueName);
    return swept.expired;
  }

  /** Cancels what was added to cancelled trees by transactions that were open then. */
  async #cancelLateDescendants(limit: number): Promise<readonly string[]> {
    const cancel = () =>
      this.#client.call(
        `select array_to_json(ready_queues)::text as ready_queues, exists (select from ${this.#schema}.cancelled_trees) ` +
          `as are_left from ${this.#schema}.cancel_late_descendants($1, ` +
          "to_timestamp($2::float8 / 1000)) ready_queues",
        [limit, this.#at()],
        this.#client.longLimitMs,
      );
    const [row] = await retried(cancel);
    // What its own statement removed it still sees, so the next one asks again.
    this.#hasCancelledTrees = row!.are_left as boolean;
    return JSON.parse(row!.ready_queues as string);
  }

  /** Removes those whose time is over. When a batch was full, the next maintenance run continues. */
  async #removeEnded(
    retentionMs: Maintenance["retentionMs"],
    limit: number,
  ): Promise<number> {
    const isFresh = this.#at() === null &&
      performance.now() - this.#retainedAt < RETENTION_EVERY_MS;
    if (isFresh) return 0;
    const retention = typeof retentionMs === "number" ? retentionOf(retentionMs, "") : retentionMs;
    const remove = () =>
      this.#client.call(
        `select ${this.#schema}.remove_ended($1::text::jsonb, $2::integer, ` +
          "to_timestamp($3::float8 / 1000)) as removed",
        [JSON.stringify(retention), limit, this.#at()],
        this.#client.longLimitMs,
      );
    const [row] = await retried(remove);
    const removed = row?.removed as number;
    if (removed < limit) {
      this.#retainedAt = performance.now();
      await this.#truncateEmptied();
    }
    return removed;
  }

  /** Gives back the room of tables that are empty by now. */
  async #truncateEmptied(): Promise<void> {
    const truncate = () =>
      this.#client.query(`select ${this.#schema}.truncate_emptied($1)`, [MOST_EMPTY_BYTES]);
    await retried(truncate);
  }
}

/** What transactions there were when a look began. */
interface Look {
  /** All below have ended. */
  readonly xmin: bigint;
  /** None has come that is not below. */
  readonly xmax: bigint;
}

/**
 * Frees jobs that were added behind a job that ended at the same moment. An enqueue locks no job, so one
 * that commits while its dependency's end is being recorded may be seen by neither side; it would stay
 * blocked for ever. Those that were added recently are looked at until no transaction is left that may
 * not have seen them.
 */
class LateDependents {
  readonly #client: Client;
  readonly #schema: string;
  #seenBelow = 0n;
  #last = 0n;
  #hasAdded = false;
  #before: Look | undefined;
  #look: Look | undefined;
  #from = 0n;

  /** `schema` is a quoted name. */
  constructor(client: Client, schema: string) {
    this.#client = client;
    this.#schema = schema;
  }

  /** Those of transactions below have all been seen. */
  get seenBelow(): bigint {
    return this.#seenBelow;
  }

  /** Whether there are some to look at, as far as is known. */
  get isDue(): boolean {
    return this.#hasAdded || this.#last >= this.#seenBelow;
  }

  /** Some were added here. */
  noteAdded(): void {
    this.#hasAdded = true;
  }

  /** This transaction was the last that added a dependent, if any is left. */
  noteLast(addedIn: string | null): void {
    this.#last = addedIn === null ? -1n : BigInt(addedIn);
  }

  /** Looks at some. Returns the queues in which something became ready. */
  async free(at: number | null): Promise<readonly string[]> {
    if (this.#look === undefined) this.#hasAdded = false;
    const free = () =>
      this.#client.query(
        `select array_to_json(f.ready_queues)::text as ready_queues, f.reached, f.xmin, f.xmax ` +
          `from ${this.#schema}.free_late_dependents($1, $2, to_timestamp($3::float8 / 1000)) f`,
        [String(this.#look === undefined ? this.#seenBelow : this.#from), DEPENDENTS_AT_ONCE, at],
        this.#client.longLimitMs,
      );
    const [row] = await retried(free);
    const { ready_queues: readyQueues, reached, xmin, xmax } = row as Record<string, string | null>;
    this.#look ??= { xmin: BigInt(xmin!), xmax: BigInt(xmax!) };
    if (reached !== null) this.#from = BigInt(reached!) + 1n;
    else this.#ended(this.#look);
    return JSON.parse(readyQueues!);
  }

  /** A look has come to the end of them. */
  #ended(look: Look): void {
    this.#look = undefined;
    // All that ran at the look before and did not see one of them have ended: now it was looked at.
    if (this.#before !== undefined && look.xmin >= this.#before.xmax) {
      this.#seenBelow = this.#before.xmin;
      this.#before = look;
    }
    this.#before ??= look;
  }
}
