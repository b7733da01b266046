/**
 * The ways to the server: connections of our own, a client of the application's, or a client for each
 * call. Whatever the way, a statement has a limit.
 *
 * @module
 */
import { StoreTimeoutError } from "../../job/errors.ts";
import { withTimeLimit } from "../../timers.ts";
import { ClosedError, isConnectionLost } from "./errors.ts";
import { inTime, type Statement } from "./in_time.ts";
import { type ListenEvents, Listening } from "./listening.ts";
import type { OwnClient, OwnClients } from "./own_clients.ts";
import type { Sql, SqlFactory } from "./sql.ts";

/** Runs a statement on a client. */
export type Use<T> = (sql: Sql) => Statement<T>;

/** A way to the server. */
export interface Connections {
  /** How many statements can run at once; 0 where each call has a client of its own. */
  readonly count: number;
  /** Runs a statement. Rejects when its answer does not come within the limit. */
  run<T>(use: Use<T>, limitMs: number): Promise<T>;
  /** Calls back for each notification on a channel. Returns its end. */
  listen(channel: string, events: ListenEvents): () => Promise<void>;
  /** Ends what was opened here. */
  close(): Promise<void>;
}

/**
 * Connections of our own: each runs one statement at a time, so that none waits behind another's lock,
 * and one that does not answer is replaced by a new one.
 */
export class OwnConnections implements Connections {
  readonly count: number;
  readonly #clients: OwnClients;
  readonly #all = new Set<OwnClient>();
  readonly #free: OwnClient[] = [];
  readonly #waiting: { readonly take: (client: OwnClient) => void }[] = [];

  constructor(clients: OwnClients, count: number) {
    this.#clients = clients;
    this.count = count;
  }

  async run<T>(use: Use<T>, limitMs: number): Promise<T> {
    const giveUpAt = performance.now() + limitMs;
    for (;;) {
      const restMs = Math.max(1, giveUpAt - performance.now());
      try {
        return await this.#runOnce(use, restMs);
      } catch (error) {
        if (!this.#clients.learn(error)) throw error;
      }
    }
  }

  async #runOnce<T>(use: Use<T>, limitMs: number): Promise<T> {
    const giveUpAt = performance.now() + limitMs;
    const client = await this.#take(limitMs);
    let isUsable = true;
    try {
      return await inTime(use(client.sql), Math.max(1, giveUpAt - performance.now()));
    } catch (error) {
      isUsable = !isConnectionLost(error);
      throw error;
    } finally {
      if (isUsable) this.#giveBack(client);
      else this.#replace(client);
    }
  }

  listen(channel: string, events: ListenEvents): () => Promise<void> {
    const listening = new Listening(this.#clients, channel, events);
    return () => listening.end();
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((client) => client.end()));
  }

  async #take(limitMs: number): Promise<OwnClient> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#all.size < this.count) return this.#add();
    return await new Promise<OwnClient>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        reject(
          new StoreTimeoutError(
            `None of ${this.count} connections to Postgres was free within ${limitMs} ms; ` +
              "nothing was changed",
          ),
        );
      }, limitMs);
      const one = {
        take: (client: OwnClient) => {
          clearTimeout(timer);
          resolve(client);
        },
      };
      this.#waiting.push(one);
    });
  }

  #add(): OwnClient {
    const client = this.#clients.open();
    this.#all.add(client);
    return client;
  }

  #giveBack(client: OwnClient): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free.push(client);
    else next.take(client);
  }

  #replace(client: OwnClient): void {
    this.#all.delete(client);
    client.destroy();
    if (this.#waiting.length > 0) this.#giveBack(this.#add());
  }
}

/** The application's own client, which is left open. */
export class CallersClient implements Connections {
  readonly count: number;
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.count = sql.options?.max ?? USUAL_COUNT;
  }

  async run<T>(use: Use<T>, limitMs: number): Promise<T> {
    return await inTime(use(this.#sql), limitMs);
  }

  listen(channel: string, events: ListenEvents): () => Promise<void> {
    // A client may not be able to; then polling has to do.
    const listening = Promise.resolve(
      this.#sql.listen?.(channel, events.onNotify, events.onListen),
    ).catch(() => {});
    const unlistened = () => listening.then((one) => one?.unlisten()).catch(() => {});
    return async () => void await withTimeLimit(UNLISTEN_MS, unlistened());
  }

  async close(): Promise<void> {}
}

const USUAL_COUNT = 4;
const UNLISTEN_MS = 3_000;

/** A client for each call, where none may outlive a request. */
export class ClientForEachCall implements Connections {
  readonly count = 0;
  readonly #make: SqlFactory;

  constructor(make: SqlFactory) {
    this.#make = make;
  }

  async run<T>(use: Use<T>, limitMs: number): Promise<T> {
    const sql = await this.#make();
    try {
      return await inTime(use(sql), limitMs);
    } finally {
      await sql.end?.({ timeout: 1 }).catch(() => {});
    }
  }

  /** Nobody is there to listen between two calls. */
  listen(): () => Promise<void> {
    return () => Promise.resolve();
  }

  async close(): Promise<void> {}
}

/** A way that can be closed, after which nothing runs on it any more. */
export class Closable implements Connections {
  readonly #connections: Connections;
  #isClosed = false;

  constructor(connections: Connections) {
    this.#connections = connections;
  }

  get count(): number {
    return this.#connections.count;
  }

  run<T>(use: Use<T>, limitMs: number): Promise<T> {
    if (!this.#isClosed) return this.#connections.run(use, limitMs);
    return Promise.reject(new ClosedError());
  }

  listen(channel: string, events: ListenEvents): () => Promise<void> {
    return this.#isClosed ? () => Promise.resolve() : this.#connections.listen(channel, events);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#connections.close();
  }
}
