/**
 * One SQLite file: opened, read and written, its errors said in sentences.
 *
 * @module
 */
import { builtinModule } from "../../builtin_module.ts";
import { StoreUnavailableError } from "../../job/errors.ts";
import { FileLock, isLocked } from "./file_lock.ts";
import { GroupCommit } from "./group_commit.ts";

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

interface Sqlite {
  readonly DatabaseSync: new (path: string, options: { timeout: number }) => DatabaseSync;
}

interface FileSystem {
  readonly realpathSync: (path: string) => string;
  readonly statSync: (
    path: string,
    options: { throwIfNoEntry: false },
  ) => { readonly dev: number; readonly ino: number } | undefined;
}

/** Opens a file. To open one that is not there makes it, unless it must be there. */
export function openDatabase(path: string, busyTimeoutMs: number, mustExist = false): Database {
  const module = builtinModule<Sqlite>("node:sqlite");
  const fs = builtinModule<FileSystem>("node:fs");
  if (module === undefined || fs === undefined) {
    throw new TypeError(
      "sqlite() needs a runtime with node:sqlite, which is Node 22.13 or later, Bun or Deno: " +
        "got one without it",
    );
  }
  if (mustExist && !fs.statSync(path, { throwIfNoEntry: false })) {
    throw new StoreUnavailableError(`The SQLite file ${path} is not there`);
  }
  try {
    // SQLite's own waiting blocks the event loop, so a locked file is tried again instead.
    const database = new module.DatabaseSync(path, { timeout: 0 });
    return new Database(database, new OpenedFile(fs, path), busyTimeoutMs);
  } catch (error) {
    throw explained(error, path);
  }
}

/**
 * The file that was opened, and its write-ahead log. Unix lets anybody remove or replace a file that is
 * open: SQLite would go on with what has no name any more, and all of it would be gone with the process.
 */
class OpenedFile {
  /** As the caller named it. */
  readonly path: string;
  readonly #fs: FileSystem;
  // By its absolute name: the process may change its folder. None for a database in memory.
  readonly #realPath: string | undefined;
  readonly #identity: string | undefined;
  readonly #logPath: string;
  readonly wakeUpPath: string | undefined;
  readonly wasOpen: boolean;
  // The log is made with the first transaction and stays while anybody has the file open. While it is
  // being opened nobody may have, and the last of several processes that do so at once takes it away.
  #logIdentity: string | undefined;
  #isOpened = false;

  constructor(fs: FileSystem, path: string) {
    this.path = path;
    this.#fs = fs;
    const isFile = fs.statSync(path, { throwIfNoEntry: false }) !== undefined;
    this.#realPath = isFile ? fs.realpathSync(path) : undefined;
    this.#identity = this.#realPath && this.#identityOf(this.#realPath);
    this.#logPath = `${this.#realPath}-wal`;
    this.wakeUpPath = this.#realPath && `${this.#realPath}-wake`;
    this.wasOpen = this.#realPath !== undefined &&
      this.#identityOf(`${this.#realPath}-shm`) !== undefined;
  }

  /** From here on the file is held open, and its log stays. */
  opened(): void {
    this.#isOpened = true;
  }

  /** Refuses what was read from, or written to, a file that is not the one at its path any more. */
  check(): void {
    if (this.#realPath === undefined) return;
    this.#checkOne(this.#realPath, this.#identity);
    if (!this.#isOpened) return;
    this.#logIdentity ??= this.#identityOf(this.#logPath);
    this.#checkOne(this.#logPath, this.#logIdentity);
  }

  #checkOne(path: string, opened: string | undefined): void {
    const present = this.#identityOf(path);
    if (present === opened) return;
    throw new StoreUnavailableError(
      `The SQLite file ${path} was ${
        present === undefined ? "removed" : "replaced"
      } while it was ` +
        "open: nothing that is written to it now would last. Stop every process that uses it, put " +
        "it back if it is needed, and open the store again",
    );
  }

  #identityOf(path: string): string | undefined {
    const stats = this.#fs.statSync(path, { throwIfNoEntry: false });
    return stats && `${stats.dev} ${stats.ino}`;
  }
}

/** An open file. Statements are prepared once; values are always parameters. */
export class Database {
  readonly #database: DatabaseSync;
  readonly #file: OpenedFile;
  readonly #lock: FileLock;
  readonly #commits: GroupCommit;
  /** What to do once the present transaction is committed. */
  afterCommit: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  readonly #statements = new Map<string, Statement>();

  constructor(database: DatabaseSync, file: OpenedFile, busyTimeoutMs: number) {
    this.#database = database;
    this.#file = file;
    this.#lock = new FileLock(file.path, busyTimeoutMs);
    this.#commits = new GroupCommit({
      begin: () => this.#begin(),
      commit: () => this.#commit(),
      rollback: () => database.exec("rollback"),
      check: () => file.check(),
      explained: (error) => this.#explained(error),
    }, this.#lock);
  }

  /** The path for a file of wake-ups beside it. None for a database in memory. */
  get wakeUpPath(): string | undefined {
    return this.#file.wakeUpPath;
  }

  /** Whether another process had it open, or had not closed it, when this one opened it. */
  get wasOpen(): boolean {
    return this.#file.wasOpen;
  }

  /** To be called once its schema was read: from then on it is held open. */
  opened(): void {
    this.#file.opened();
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
  async read<T>(work: () => T): Promise<T> {
    const askedAt = performance.now();
    for (let tries = 0;; tries++) {
      if (this.#closed !== undefined) throw this.#hasBeenClosed();
      try {
        const result = work();
        this.#file.check();
        return result;
      } catch (error) {
        if (!isLocked(error)) throw this.#explained(error);
        if (this.#lock.isOverdue(askedAt)) throw this.#lock.stayed(error);
      }
      await this.#lock.pause(tries, askedAt);
    }
  }

  /** Does all of the work in one transaction, or none of it. */
  write<T>(work: () => T): Promise<T> {
    if (this.#closed !== undefined) return Promise.reject(this.#hasBeenClosed());
    return this.#commits.write(work);
  }

  /** Closes the file once every `write` that was called before has been answered. */
  close(): Promise<void> {
    return this.#closed ??= this.#commits.idle().then(() => {
      this.#statements.clear();
      this.#database.close();
    });
  }

  #begin(): void {
    this.afterCommit = undefined;
    // Immediate: a transaction that reads before it writes could not wait for its turn later.
    this.#database.exec("begin immediate");
  }

  #commit(): void {
    this.#database.exec("commit");
    this.afterCommit?.();
  }

  #prepared(sql: string): Statement {
    const statement = this.#statements.get(sql) ?? this.#database.prepare(sql);
    this.#statements.set(sql, statement);
    return statement;
  }

  #explained(error: unknown): unknown {
    try {
      // SQLite may have met it first, and says then that the file is read-only or broken.
      this.#file.check();
    } catch (taken) {
      return taken;
    }
    return explained(error, this.#file.path);
  }

  #hasBeenClosed(): StoreUnavailableError {
    return new StoreUnavailableError(`The SQLite file ${this.#file.path} has been closed`);
  }
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
