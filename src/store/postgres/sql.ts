/**
 * What is asked of a client of the application's, and how names and texts are written into a statement.
 * Nothing else is ever written into one: values are parameters.
 *
 * @module
 */
import { InputRangeError, shown } from "../../job/checks.ts";

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

/** Refuses what is not a schema name: a lower-case letter, then up to 47 letters, digits or `_`. */
export function checkSchemaName(schema: string): string {
  if (/^[a-z][a-z0-9_]{0,47}$/.test(schema)) return schema;
  throw new InputRangeError(
    "A schema must be a lower-case letter, then up to 47 lower-case letters, digits or _: got " +
      shown(schema),
  );
}

/** A name as SQL writes it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as SQL writes it. */
export function quotedText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
