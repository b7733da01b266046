/**
 * Jobs that were added behind a job that ended at the same moment. An enqueue locks no job, so one that
 * commits while its dependency's end is being recorded may be seen by neither side; it would stay
 * blocked for ever. Whoever keeps house looks at those that were added of late until no transaction is
 * left that may not have seen them.
 *
 * @module
 */
import type { Client } from "./client.ts";
import { retried } from "./retry.ts";

const AT_ONCE = 10_000;

/** What transactions there were when a look began. */
interface Look {
  /** All below have ended. */
  readonly xmin: bigint;
  /** None has come that is not below. */
  readonly xmax: bigint;
}

/** Finds them in one schema. */
export class LateDependents {
  readonly #client: Client;
  readonly #schema: string;
  /** Those of transactions below have all been seen. */
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

  /** Whether there are some to look at, as far as is known. */
  get isDue(): boolean {
    return this.#hasAdded || this.#last >= this.#seenBelow;
  }

  /** Tells that some were added here. */
  noteAdded(): void {
    this.#hasAdded = true;
  }

  /** Tells which transaction was the last that added a dependent, if any is left. */
  noteLast(addedIn: string | null): void {
    this.#last = addedIn === null ? -1n : BigInt(addedIn);
  }

  /** Looks at some. Returns the queues in which something became ready. */
  async free(at: number | null): Promise<readonly string[]> {
    if (this.#look === undefined) this.#hasAdded = false;
    const free = () =>
      this.#client.query(
        `select array_to_json(f.woken)::text as woken, f.reached, f.xmin, f.xmax ` +
          `from ${this.#schema}.free_late_dependents($1, $2, to_timestamp($3::float8 / 1000)) f`,
        [String(this.#look === undefined ? this.#seenBelow : this.#from), AT_ONCE, at],
        this.#client.longLimitMs,
      );
    const [row] = await retried(free);
    const { woken, reached, xmin, xmax } = row as Record<string, string | null>;
    this.#look ??= { xmin: BigInt(xmin!), xmax: BigInt(xmax!) };
    if (reached !== null) this.#from = BigInt(reached!) + 1n;
    else this.#ended(this.#look);
    return JSON.parse(woken!);
  }

  /** A look has come to the end of them. */
  #ended(look: Look): void {
    this.#look = undefined;
    // Whoever ran at the look before and did not see one of them has ended: now it was looked at.
    if (this.#before !== undefined && look.xmin >= this.#before.xmax) {
      this.#seenBelow = this.#before.xmin;
      this.#before = look;
    }
    this.#before ??= look;
  }
}
