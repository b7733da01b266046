/**
 * One SQLite file: opened, locked without blocking, its errors said in sentences.
 *
 * @module
 */
import { StoreUnavailableError } from "../../job/errors.ts";

/** A value that SQLite stores. */
export type SqlValue = string | number | null;

/** A row, by column. */
export type Row = Record<string, SqlValue>;

/** The part of `node:sqlite` that is used. */
interface DatabaseSync {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

interface Statement {
  run(
    ...values: SqlValue[]
  ): { readonly changes: number | bigint; readonly lastInsertRowid: number | bigint };
  all(...values: SqlValue[]): unknown[];
  get(...values: SqlValue[]): unknown;
}

interface Builtin {
  "node:sqlite": {
    readonly DatabaseSync: new (path: string, options: { timeout: number }) => DatabaseSync;
  };
  "node:fs": { readonly existsSync: (path: string) => boolean };
}

type Runtime = {
  process?: {
    getBuiltinModule?: <Name extends keyof Builtin>(name: Name) => Builtin[Name] | undefined;
  };
};

/** Opens a file. To open one that is not there makes it, unless it must be there. */
export function openDatabase(path: string, busyTimeoutMs: number, mustExist = false): Database {
  const { getBuiltinModule } = (globalThis as Runtime).process ?? {};
  const module = getBuiltinModule?.("node:sqlite");
  if (module === undefined) {
    throw new TypeError(
      "sqlite() needs a runtime with node:sqlite, which is Node 22.13 or later, Bun or Deno: " +
        "got one without it",
    );
  }
  if (mustExist && !getBuiltinModule!("node:fs")?.existsSync(path)) {
    throw new StoreUnavailableError(`The SQLite file ${path} is not there`);
  }
  try {
    // SQLite's own waiting would block the event loop, so a locked file is asked for again instead.
    return new Database(new module.DatabaseSync(path, { timeout: 0 }), path, busyTimeoutMs);
  } catch (error) {
    throw explained(error, path);
  }
}

/** An open file. Statements are prepared once; values are always parameters. */
export class Database {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  #isClosed = false;
  readonly #statements = new Map<string, Statement>();

  constructor(database: DatabaseSync, path: string, busyTimeoutMs: number) {
    this.#database = database;
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Runs SQL without values. */
  exec(sql: string): void {
    this.#database.exec(sql);
  }

  /** Changes rows and says how many. */
  run(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepared(sql).run(...values).changes);
  }

  /** Inserts a row and gives its number. */
  insert(sql: string, ...values: SqlValue[]): number {
    return Number(this.#prepared(sql).run(...values).lastInsertRowid);
  }

  /** All rows. */
  all(sql: string, ...values: SqlValue[]): Row[] {
    return this.#prepared(sql).all(...values) as Row[];
  }

  /** The first row. */
  get(sql: string, ...values: SqlValue[]): Row | undefined {
    return this.#prepared(sql).get(...values) as Row | undefined;
  }

  /** Reads, and tries again while the file is locked. */
  read<T>(work: () => T): Promise<T> {
    return this.#unlocked(work);
  }

  /** Does all of the work in one transaction, or none of it. */
  write<T>(work: () => T): Promise<T> {
    return this.#unlocked(() => {
      // Immediate: a transaction that reads before it writes could not wait for its turn later.
      this.#database.exec("begin immediate");
      try {
        const result = work();
        this.#database.exec("commit");
        return result;
      } catch (error) {
        this.#rollback();
        throw error;
      }
    });
  }

  /** Closes the file. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#statements.clear();
    this.#database.close();
  }

  #prepared(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #rollback(): void {
    try {
      this.#database.exec("rollback");
    } catch {
      // A full disk or a lost lock has rolled it back already.
    }
  }

  async #unlocked<T>(work: () => T): Promise<T> {
    const giveUpAt = performance.now() + this.#busyTimeoutMs;
    for (let waitMs = 1;; waitMs = Math.min(waitMs * 1.5, 25)) {
      if (this.#isClosed) {
        throw new StoreUnavailableError(`The SQLite file ${this.#path} has been closed`);
      }
      try {
        return work();
      } catch (error) {
        if (!isLocked(error)) throw explained(error, this.#path);
        if (performance.now() >= giveUpAt) {
          throw new StoreUnavailableError(
            `The SQLite file ${this.#path} stayed locked by another process for ` +
              `${this.#busyTimeoutMs} ms; nothing was changed`,
            { cause: error },
          );
        }
      }
      await new Promise((resolve) => setTimeout(resolve, waitMs * (0.5 + Math.random())));
    }
  }
}

// By their messages: not every runtime gives SQLite's result codes.
function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (table |schema )?is locked/.test(error.message);
}

function explained(error: unknown, path: string): unknown {
  const message = error instanceof Error ? error.message : "";
  const sentence = sentences.find(([said]) => said.test(message))?.[1];
  if (sentence === undefined) return error;
  return new StoreUnavailableError(`The SQLite file ${path} ${sentence}`, { cause: error });
}

const sentences: readonly (readonly [said: RegExp, sentence: string])[] = [
  [
    /unable to open database file/,
    "cannot be opened: is its folder there, and may we write to it?",
  ],
  [/disk is full/, "cannot grow: the disk is full; nothing was changed"],
  [/disk I\/O error/, "cannot be read or written: the disk is full or broken; nothing was changed"],
  [/readonly database/, "cannot be written: it is read-only"],
  [/file is not a database|malformed/, "is no SQLite database, or is damaged"],
];
