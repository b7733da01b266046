/**
 * Notices to workers: to those of this process at once, to others by NOTIFY. A notification takes a
 * lock that all committing transactions share, so there is one in a few milliseconds for all jobs that
 * became ready since: the first with the statement that stores them, which saves a round trip, others
 * by themselves. A cancellation, a pause and the end of one are notified by their own statements. Each
 * is a hint: polling finds what it misses.
 *
 * @module
 */
import type { Notice } from "../store.ts";
import type { Client, Sql } from "./client.ts";

const PAUSE_MS = 5;

/** Notifies workers of queues in which a job became ready, and receives others' notifications. */
export class Notifier {
  readonly #client: Client;
  readonly #channel: string;
  readonly #listeners = new Set<(notice: Notice) => void>();
  // What is sent to oneself to learn whether notifications arrive: behind a pooler they never do.
  readonly #greeting = crypto.randomUUID();
  #hearsOthers = false;
  readonly #waiting = new Set<string>();
  #isPausing = false;
  #isClosed = false;
  #unlisten: (() => Promise<void>) | undefined;

  constructor(client: Client, channel: string) {
    this.#client = client;
    this.#channel = channel;
  }

  /** Whether notifications have arrived since it listens. */
  get hearsOthers(): boolean {
    return this.#hearsOthers;
  }

  /** Wakes the workers of these queues. Returns when others are notified, if that is now. Never rejects. */
  async notify(queueNames: Iterable<string>): Promise<void> {
    for (const queueName of queueNames) {
      this.#call({ type: "ready", queueName });
      this.#waiting.add(queueName);
    }
    if (this.#waiting.size === 0 || this.#isPausing) return;
    // Without a kept client a timer could outlive the request that it belongs to.
    if (this.#client.connectionCount === 0) return await this.#sendWaiting();
    this.#pause();
    void this.#sendWaiting();
  }

  /** Wakes them when a caller's transaction commits, and only then. */
  async notifyAtCommit(queueNames: Iterable<string>, transaction: Sql): Promise<void> {
    await this.#send(queueNames, transaction);
  }

  /** Whether a statement is to notify by itself. If so it must, and call `notifyHere`. */
  takeTurn(): boolean {
    if (this.#client.connectionCount === 0) return true;
    if (this.#isPausing) return false;
    this.#pause();
    return true;
  }

  /** Wakes the workers of this process that wait for these queues. */
  notifyHere(queueNames: Iterable<string>): void {
    for (const queueName of queueNames) this.#call({ type: "ready", queueName });
  }

  /** Notifies the workers of this process of jobs that were cancelled while they ran. */
  notifyCancelled(jobIds: readonly string[]): void {
    if (jobIds.length > 0) this.#call({ type: "cancelled", jobIds });
  }

  /** Notifies the workers of this process of a queue that was paused, or is not paused any more. */
  notifyPaused(type: "paused" | "ready", queueName: string | undefined): void {
    this.#call({ type, queueName });
  }

  /** Calls back with each notice, of this process or another. Returns its end. */
  onNotice(listener: (notice: Notice) => void): () => void {
    this.#listeners.add(listener);
    if (!this.#isClosed) this.#unlisten ??= this.#listen();
    return () => this.#listeners.delete(listener);
  }

  /** Stops listening, for good. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#listeners.clear();
    await this.#unlisten?.();
  }

  #pause(): void {
    this.#isPausing = true;
    setTimeout(() => {
      this.#isPausing = false;
      void this.notify([]);
    }, PAUSE_MS);
  }

  #call(notice: Notice): void {
    for (const listener of this.#listeners) listener(notice);
  }

  /** A notification: the name of a queue, which is never an object in JSON, or such an object. */
  #hear(payload: string): void {
    if (!payload.startsWith("{")) return this.#call({ type: "ready", queueName: payload });
    const { cancelled, paused, resumed, greeting } = JSON.parse(payload) as {
      cancelled?: readonly string[];
      paused?: string;
      resumed?: string;
      greeting?: string;
    };
    if (paused !== undefined) this.notifyPaused("paused", paused || undefined);
    if (resumed !== undefined) this.notifyPaused("ready", resumed || undefined);
    if (cancelled !== undefined) this.#call({ type: "cancelled", jobIds: cancelled });
    if (greeting === this.#greeting) {
      this.#hearsOthers = true;
      // What came before this moment, or while the connection was lost, was not heard.
      this.#call({ type: "missed" });
    }
  }

  /** Called whenever it has begun to listen, for the first time or after a lost connection. */
  #greet(): void {
    this.#hearsOthers = false;
    this.#send([JSON.stringify({ greeting: this.#greeting })]).catch(() => {});
  }

  async #sendWaiting(): Promise<void> {
    const queueNames = [...this.#waiting];
    this.#waiting.clear();
    try {
      await this.#send(queueNames);
    } catch {
      // The jobs are stored; workers that poll find them.
    }
  }

  async #send(payloads: Iterable<string>, transaction?: Sql): Promise<void> {
    const text = "select pg_notify($1, p) from jsonb_array_elements_text($2::text::jsonb) p";
    const values = [this.#channel, JSON.stringify([...payloads])];
    if (transaction === undefined) await this.#client.call(text, values);
    else await this.#client.callWithin(transaction, text, values);
  }

  /** Behind a pooler it hears nothing, and a client may not be able to at all. */
  #listen(): () => Promise<void> {
    return this.#client.listen(this.#channel, {
      onNotify: (payload) => this.#hear(payload),
      onListen: () => this.#greet(),
      onLost: () => this.#hearsOthers = false,
    });
  }
}
