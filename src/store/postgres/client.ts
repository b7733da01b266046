/**
 * Statements of the store, through whatever client the application has: only `unsafe(text, values)` is
 * needed. Each has a limit, except in a caller's transaction, which is the caller's to end; and its
 * errors are said in sentences.
 *
 * @module
 */
import { StoreTimeoutError } from "../../job/errors.ts";
import type { Connections, ListenEvents, Use } from "./connections.ts";
import { explained, explainedWithin, GivenUpError, retriedIdempotent } from "./errors.ts";
import type { Row, Sql, SqlValue } from "./sql.ts";

export type { Row, Sql, SqlFactory, SqlValue } from "./sql.ts";

/** How statements are run. */
export interface ClientOptions {
  readonly prepare: boolean;
  /** How long a statement may take, in ms. */
  readonly callTimeoutMs: number;
}

// What is read in one statement may be much, and a step of the schema may wait for another process.
const LONG = 3;
const STEP = 60;
// A short lease must not make every call of a slow network come too late.
const SHORTEST_LIMIT_MS = 1_000;
// A limit is extended by this factor at most.
const MOST_EXTENDED = 64;

/** Runs statements for the store. */
export class Client {
  readonly #connections: Connections;
  readonly #options: ClientOptions;

  constructor(connections: Connections, options: ClientOptions) {
    this.#connections = connections;
    this.#options = options;
  }

  /** How many statements can run at once; 0 where each makes a client of its own. */
  get connectionCount(): number {
    return this.#connections.count;
  }

  /** How long a statement may take that no lease waits for. */
  get longLimitMs(): number {
    return LONG * this.#options.callTimeoutMs;
  }

  /** How long a statement may take that renews leases or makes them: they shall outlast it. */
  limitFor(leaseMs: number): number {
    return Math.min(this.#options.callTimeoutMs, Math.max(SHORTEST_LIMIT_MS, leaseMs / 3));
  }

  /**
   * Runs one statement. It is planned anew each time: a plan that was made while a table was almost
   * empty would be kept when that is full.
   */
  query(
    text: string,
    values: SqlValue[] = [],
    limitMs: number = this.#options.callTimeoutMs,
  ): Promise<readonly Row[]> {
    return this.#run((sql) => sql.unsafe(text, values, { prepare: false }), limitMs);
  }

  /** The same for what is only read: again when its connection was lost. */
  look(text: string, values: SqlValue[] = []): Promise<readonly Row[]> {
    return retriedIdempotent(() => this.query(text, values, this.longLimitMs));
  }

  /** Runs a statement whose plan is the same whatever the tables hold: an insert, a pinned function. */
  call(
    text: string,
    values: SqlValue[],
    limitMs: number = this.#options.callTimeoutMs,
  ): Promise<readonly Row[]> {
    const { prepare } = this.#options;
    return this.#run((sql) => sql.unsafe(text, values, { prepare }), limitMs);
  }

  /** Runs a statement in a caller's transaction. */
  async callWithin(
    transaction: Sql,
    text: string,
    values: SqlValue[],
  ): Promise<readonly Row[]> {
    const { prepare } = this.#options;
    try {
      return await transaction.unsafe(text, values, { prepare });
    } catch (error) {
      throw explainedWithin(error);
    }
  }

  /** Runs several statements without values as one implicit transaction. */
  async script(text: string): Promise<void> {
    const use: Use<unknown> = (sql) => {
      const query = sql.unsafe(text);
      return query.simple?.() ?? query;
    };
    try {
      await this.#connections.run(use, STEP * this.#options.callTimeoutMs);
    } catch (error) {
      throw explained(error);
    }
  }

  /** Calls back for each notification on a channel. Returns its end. */
  listen(channel: string, events: ListenEvents): () => Promise<void> {
    return this.#connections.listen(channel, events);
  }

  /** Ends what was opened for the store. Nothing runs any more. */
  close(): Promise<void> {
    return this.#connections.close();
  }

  async #run(use: Use<readonly Row[]>, limitMs: number): Promise<readonly Row[]> {
    try {
      return withoutHoles(await this.#connections.run(use, limitMs));
    } catch (error) {
      throw explained(error);
    }
  }
}

/**
 * How much longer than usual a kind of statement may take. It grows until one is done in time: the end of
 * a job takes all jobs behind it along in one step, and a statement that is given up at the same limit
 * again and again would never be done.
 */
export class Allowance {
  #factor = 1;

  /** Whether the last one took too long. */
  get isExtended(): boolean {
    return this.#factor > 1;
  }

  /** Runs a statement with the limit that it is given. */
  async run<T>(usualMs: number, work: (limitMs: number) => Promise<T>): Promise<T> {
    try {
      const result = await work(usualMs * this.#factor);
      this.#factor = 1;
      return result;
    } catch (error) {
      // A server that does not even cancel a statement is not slow but gone.
      if (error instanceof StoreTimeoutError && !(error instanceof GivenUpError)) {
        this.#factor = Math.min(this.#factor * 2, MOST_EXTENDED);
      }
      throw error;
    }
  }
}

/**
 * When a connection is lost in the middle of an answer, postgres.js continues to count there: the first
 * rows of the next answer on that connection are missing, though nothing was lost.
 */
function withoutHoles(rows: readonly Row[]): readonly Row[] {
  return 0 in rows ? rows : rows.filter(() => true);
}
