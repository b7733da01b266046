/**
 * What is asked of a client of the application's.
 *
 * @module
 */

/** A value that is sent. */
export type SqlValue = string | number | boolean | null;

/** A row, by column. */
export type Row = Readonly<Record<string, unknown>>;

/** The part of postgres.js that is used; any client of this call shape will do. */
export interface Sql {
  /** Runs a statement with `$1`, `$2` … as its values. One that takes too long is cancelled. */
  unsafe(
    text: string,
    values?: SqlValue[],
    options?: { prepare?: boolean },
  ): PromiseLike<readonly Row[]> & { simple?(): PromiseLike<unknown>; cancel?(): unknown };
  /** Listens on a connection of its own, and says whenever it does so again. */
  listen?(
    channel: string,
    onNotify: (payload: string) => void,
    onListen?: () => void,
  ): Promise<{ unlisten(): Promise<void> }>;
  /** Closes the connections. */
  end?(options?: { timeout?: number }): Promise<void>;
  /** How many connections it makes at most. */
  readonly options?: { readonly max?: number };
}

/** A client for one call, on runtimes where none may outlive a request (workerd). */
export type SqlFactory = () => Sql | Promise<Sql>;
