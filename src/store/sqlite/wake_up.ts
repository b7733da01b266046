/**
 * Wake-ups between the processes that share a file. Who commits something that others may wait for rings:
 * it sets the time of a file beside it (`…-wake`), which is empty. Who has workers watches that one, and
 * looks when it hears something whether another process has committed. It is none of SQLite's own files:
 * some runtimes open what they watch, and to close a file takes away all locks of the process on it. A
 * watch that hears nothing, as on some file systems, costs only time: workers ask anyway.
 *
 * @module
 */
import { builtinModule } from "../../builtin_module.ts";
import { nextTurn, sleep } from "../../timers.ts";
import type { Notice } from "../store.ts";
import type { Database } from "./database.ts";

/** What hears of changes of a file. */
interface Watcher {
  on(event: "error", listener: () => void): unknown;
  unref?(): unknown;
  close(): void;
}

/** The part of `node:fs` that is used. */
interface FileSystem {
  readonly watch: (path: string, listener: () => void) => Watcher;
  readonly writeFileSync: (path: string, text: string, options: { readonly flag: "a" }) => void;
  readonly utimesSync: (path: string, atime: Date, mtime: Date) => void;
}

// Rings in between are one: a worker that hears of thousands asks no more often than so.
const SHORTEST_PAUSE_MS = 5;
// For so long a process that was alone takes itself to be so still.
const LONGEST_ALONE_MS = 100;

/** The wake-ups of one open file. */
export class WakeUp {
  readonly #database: Database;
  readonly #fs: FileSystem = builtinModule<FileSystem>("node:fs")!;
  // None where no other process can open the same.
  readonly #path: string | undefined;
  // While nobody else has ever had the file open, nobody can hear.
  #isShared: boolean;
  readonly #firstVersion: number;
  #lookAgainAt = -Infinity;
  #watcher: Watcher | undefined;
  #tell: ((notice: Notice) => void) | undefined;
  #seenVersion = 0;
  #seenInterruptions = 0;
  #isLooking = false;
  #lookedAt = -Infinity;

  constructor(database: Database) {
    this.#database = database;
    this.#path = database.wakeUpPath;
    this.#isShared = database.wasOpen;
    this.#firstVersion = this.#version();
  }

  /** Within a transaction: tells other processes of it, once it is committed. */
  tellOthers(interrupts: boolean): void {
    if (!this.#canBeHeard()) return;
    if (interrupts) {
      this.#database.run(
        "update hammerwork_counters set value = value + 1 where name = 'interruptions'",
      );
    }
    this.#database.afterCommit = () => this.#ring();
  }

  /** A worker that has just come asks by itself in the meantime. */
  #canBeHeard(): boolean {
    if (this.#path === undefined || this.#isShared) return this.#isShared;
    const now = performance.now();
    if (now < this.#lookAgainAt) return false;
    this.#lookAgainAt = now + LONGEST_ALONE_MS;
    return this.#isShared = this.#version() !== this.#firstVersion;
  }

  #ring(): void {
    const now = new Date();
    try {
      this.#fs.utimesSync(this.#path!, now, now);
    } catch {
      // Nobody has ever listened, or they are to ask.
    }
  }

  /** Tells of what others have done, from now on until it is closed. Keeps no process alive. */
  listen(tell: (notice: Notice) => void): void {
    if (this.#path === undefined) return;
    this.#tell = tell;
    try {
      this.#fs.writeFileSync(this.#path, "", { flag: "a" });
      this.#seenVersion = this.#version();
      this.#seenInterruptions = this.#interruptions();
      this.#watcher = this.#fs.watch(this.#path, () => void this.#heard());
      this.#watcher.on("error", () => this.close());
      this.#watcher.unref?.();
    } catch {
      // The system has no watch left or none at all, or the folder or the file is not ours to write.
    }
  }

  /** Hears nothing more. */
  close(): void {
    this.#watcher?.close();
    this.#watcher = undefined;
  }

  async #heard(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    const pauseMs = this.#lookedAt + SHORTEST_PAUSE_MS - performance.now();
    if (pauseMs > 0) await sleep(pauseMs, { keepsAlive: false });
    else await nextTurn();
    this.#isLooking = false;
    this.#lookedAt = performance.now();
    if (this.#watcher === undefined) return;
    // Deno's watcher keeps the process alive again with each event.
    this.#watcher.unref?.();
    try {
      this.#look();
    } catch {
      // What a worker asks for next meets the same, and says so.
    }
  }

  #look(): void {
    const version = this.#version();
    if (version === this.#seenVersion) return;
    const interruptions = this.#interruptions();
    const isInterrupted = interruptions !== this.#seenInterruptions;
    this.#seenVersion = version;
    this.#seenInterruptions = interruptions;
    this.#tell!({ type: isInterrupted ? "missed" : "ready" });
  }

  /** A number that differs once another process has committed something. */
  #version(): number {
    return this.#database.get("pragma data_version")!.data_version as number;
  }

  /** How often running jobs have been cancelled, or queues paused. */
  #interruptions(): number {
    return this.#database.get(
      "select value from hammerwork_counters where name = 'interruptions'",
    )!.value as number;
  }
}
