/**
 * Waking workers: those of this process at once, others by NOTIFY. A notification takes a lock that
 * all committing transactions share, so there is one in a few milliseconds for everything that
 * happened since: the first with the statement that stores the jobs, which saves a round trip, others
 * by themselves. It is a hint: polling finds what it misses.
 *
 * @module
 */
import { within } from "../../within.ts";
import type { Client, Sql } from "./client.ts";

const PAUSE_MS = 5;
const UNLISTEN_MS = 3_000;

/** Rings for queues in which something became ready, and hears others ring. */
export class Bell {
  readonly #client: Client;
  readonly #channel: string;
  readonly #listeners = new Set<(queueName: string) => void>();
  readonly #waiting = new Set<string>();
  #isPausing = false;
  #listening: Promise<{ unlisten(): Promise<void> } | undefined> | undefined;

  constructor(client: Client, channel: string) {
    this.#client = client;
    this.#channel = channel;
  }

  /** Wakes who waits for these queues. Returns when it has rung, if it rings now. Never rejects. */
  async ring(queueNames: Iterable<string>): Promise<void> {
    for (const queueName of queueNames) {
      this.#tell(queueName);
      this.#waiting.add(queueName);
    }
    if (this.#waiting.size === 0 || this.#isPausing) return;
    // Without a kept client a timer could outlive the request that it belongs to.
    if (this.#client.kept === undefined) return await this.#notify();
    this.#pause();
    void this.#notify();
  }

  /** Wakes them when a caller's transaction commits, and only then. */
  async ringAtCommit(queueNames: Iterable<string>, transaction: Sql): Promise<void> {
    await this.#send(queueNames, transaction);
  }

  /** Whether a statement is to ring by itself. If so it must, and tell those of this process. */
  takeTurn(): boolean {
    if (this.#client.kept === undefined) return true;
    if (this.#isPausing) return false;
    this.#pause();
    return true;
  }

  /** Wakes those of this process who wait for these queues. */
  tell(queueNames: Iterable<string>): void {
    for (const queueName of queueNames) this.#tell(queueName);
  }

  /** Calls back for each queue that is rung for, here or elsewhere. Returns its end. */
  onRing(listener: (queueName: string) => void): () => void {
    this.#listeners.add(listener);
    this.#listening ??= this.#listen();
    return () => this.#listeners.delete(listener);
  }

  /** Stops listening. A server that is away is waited for only a moment. */
  async close(): Promise<void> {
    this.#listeners.clear();
    if (this.#listening === undefined) return;
    this.#listening = undefined;
    // postgres.js goes on reconnecting what listens, even after its end. Listened again, it is
    // connected, and its end finds something to close.
    const closed = this.#listen().then((listening) => listening?.unlisten()).catch(() => {});
    await within(UNLISTEN_MS, closed);
  }

  #pause(): void {
    this.#isPausing = true;
    setTimeout(() => {
      this.#isPausing = false;
      void this.ring([]);
    }, PAUSE_MS);
  }

  #tell(queueName: string): void {
    for (const listener of this.#listeners) listener(queueName);
  }

  async #notify(): Promise<void> {
    const queueNames = [...this.#waiting];
    this.#waiting.clear();
    try {
      await this.#send(queueNames);
    } catch {
      // The jobs are stored; whoever polls finds them.
    }
  }

  async #send(queueNames: Iterable<string>, transaction?: Sql): Promise<void> {
    await this.#client.call(
      "select pg_notify($1, q) from jsonb_array_elements_text($2::text::jsonb) q",
      [this.#channel, JSON.stringify([...queueNames])],
      transaction,
    );
  }

  /** Behind a pooler it listens in vain, and a client may not be able to at all. */
  async #listen(): Promise<{ unlisten(): Promise<void> } | undefined> {
    try {
      return await this.#client.kept?.listen?.(this.#channel, (queueName) => this.#tell(queueName));
    } catch {
      return undefined;
    }
  }
}
