/**
 * Talking to Postgres through whatever client the application has: only `unsafe(text, values)` is
 * needed. Errors that the server or the network makes are said in sentences.
 *
 * @module
 */
import { StoreTimeoutError, StoreUnavailableError } from "../../job/errors.ts";

/** A value that is sent. */
export type SqlValue = string | number | boolean | null;

/** A row, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** The part of postgres.js that is used; any client of this call shape will do. */
export interface Sql {
  /** Runs a statement with `$1`, `$2` … as its values. */
  unsafe(
    text: string,
    values?: SqlValue[],
    options?: { prepare?: boolean },
  ): PromiseLike<readonly Row[]> & { simple?(): PromiseLike<unknown> };
  /** Listens on a connection of its own, and says whenever it does so again. */
  listen?(
    channel: string,
    onNotify: (payload: string) => void,
    onListen?: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
  /** Closes the connections. */
  end?(options?: { timeout?: number }): Promise<void>;
}

/** A client for one call, on runtimes where none may outlive a request (workerd). */
export type SqlFactory = () => Sql | Promise<Sql>;

/** Runs statements for the store. */
export class Client {
  readonly #source: Sql | SqlFactory;
  readonly #prepare: boolean;

  constructor(source: Sql | SqlFactory, prepare: boolean) {
    this.#source = source;
    this.#prepare = prepare;
  }

  /** The client itself, where one is kept; `undefined` where each call makes its own. */
  get kept(): Sql | undefined {
    return isFactory(this.#source) ? undefined : this.#source;
  }

  /**
   * Runs one statement, in the given transaction if there is one. It is planned anew each time: a plan
   * that was made while a table was almost empty would be kept when that is full.
   */
  query(text: string, values: SqlValue[] = [], transaction?: Sql): Promise<readonly Row[]> {
    return this.#run(text, values, { prepare: false }, transaction);
  }

  /** Runs a statement whose plan is the same whatever the tables hold: an insert, a pinned function. */
  call(text: string, values: SqlValue[], transaction?: Sql): Promise<readonly Row[]> {
    return this.#run(text, values, { prepare: this.#prepare }, transaction);
  }

  async #run(
    text: string,
    values: SqlValue[],
    options: { prepare: boolean },
    transaction: Sql | undefined,
  ): Promise<readonly Row[]> {
    try {
      if (transaction !== undefined) return await transaction.unsafe(text, values, options);
      return withoutHoles(await this.#with((sql) => sql.unsafe(text, values, options)));
    } catch (error) {
      throw explained(error);
    }
  }

  /** Runs several statements without values as one implicit transaction. */
  async script(text: string): Promise<void> {
    try {
      await this.#with((sql) => {
        const query = sql.unsafe(text);
        return query.simple?.() ?? query;
      });
    } catch (error) {
      throw explained(error);
    }
  }

  async #with<T>(use: (sql: Sql) => PromiseLike<T>): Promise<T> {
    if (!isFactory(this.#source)) return await use(this.#source);
    const sql = await this.#source();
    try {
      return await use(sql);
    } finally {
      await sql.end?.({ timeout: 1 }).catch(() => {});
    }
  }
}

/**
 * When a connection is lost in the middle of an answer, postgres.js goes on counting there: the first
 * rows of the next answer on that connection are missing, though nothing was lost.
 */
function withoutHoles(rows: readonly Row[]): readonly Row[] {
  return 0 in rows ? rows : rows.filter(() => true);
}

/** A call of two statements whose second one failed. */
export class PartlyDoneError extends StoreUnavailableError {}

/** Its SQLSTATE or the client's own code, if the error has one. Names differ when code is minified. */
export function codeOf(error: unknown): string {
  const { code, cause, message } = error as Partial<Error> & { code?: unknown };
  if (typeof code === "string") return code;
  if (cause !== undefined && cause !== null) return codeOf(cause);
  // The sockets of workerd give no codes.
  if (/cannot connect|connection refused/i.test(message ?? "")) return "ECONNREFUSED";
  return /network connection lost/i.test(message ?? "") ? "CONNECTION_CLOSED" : "";
}

/** Whether the connection was lost, so that nobody knows whether the statement was committed. */
export function isOutcomeUnknown(error: unknown): boolean {
  return error instanceof PartlyDoneError || UNKNOWN.test(codeOf(error));
}

/** Whether the server gave the statement up for another one's sake and it can be run again. */
export function isWorthRepeating(error: unknown): boolean {
  return codeOf(error) === "40P01" || codeOf(error) === "40001";
}

const UNKNOWN =
  /^(CONNECTION_(CLOSED|DESTROYED)|57P01|57P02|ECONNRESET|EPIPE|ETIMEDOUT|EHOSTUNREACH|08006|08007|08P01)$/;
const UNREACHABLE =
  /^(CONNECT_TIMEOUT|CONNECTION_ENDED|ECONNREFUSED|ENOTFOUND|EAI_AGAIN|57P03|53300|08\w{3})$/;

const sentences: Readonly<Record<string, string>> = {
  "25006": "Postgres takes only reads now; nothing was changed",
  "53100": "Postgres has no room left on its disk; nothing was changed",
  "55P03": "Postgres did not get a lock in time; nothing was changed",
};

function isFactory(source: Sql | SqlFactory): source is SqlFactory {
  // postgres.js's client is a function too: what tells it apart is that it can run a statement.
  return typeof source === "function" && typeof (source as Partial<Sql>).unsafe !== "function";
}

function explained(error: unknown): unknown {
  const code = codeOf(error);
  if (UNKNOWN.test(code)) {
    return new StoreUnavailableError("The connection to Postgres was lost", { cause: error });
  }
  if (UNREACHABLE.test(code)) {
    return new StoreUnavailableError("Postgres cannot be reached; nothing was changed", {
      cause: error,
    });
  }
  if (code === "57014") {
    return new StoreTimeoutError(
      "Postgres gave the statement up for its time limit; nothing was changed",
      { cause: error },
    );
  }
  const sentence = sentences[code];
  return sentence === undefined ? error : new StoreUnavailableError(sentence, { cause: error });
}
