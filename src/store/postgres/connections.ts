/**
 * The ways to the server: connections of our own, a client of the application's, or a client for each
 * call. Whatever the way, a statement has a limit.
 *
 * @module
 */
import { StoreTimeoutError } from "../../job/errors.ts";
import { startTimer, withTimeLimit } from "../../timers.ts";
import type { Address } from "./address.ts";
import { ClosedError, codeOf, GivenUpError, isConnectionLost } from "./errors.ts";
import { type Driver, type OwnClient, type OwnClients, PostgresClients } from "./own_clients.ts";
import { quoted, type Sql, type SqlFactory } from "./sql.ts";

// As many connections as most clients make by default.
const USUAL_COUNT = 4;
const UNLISTEN_MS = 3_000;
const LISTEN_LIMIT_MS = 5_000;
// A connection that is half open is as silent as one on which nothing happens.
const ASK_EVERY_MS = 15_000;
const LONGEST_PAUSE_MS = 2_000;
// How long the server may take to cancel a statement.
const CANCEL_MS = 1_000;

/** A statement under way, which some clients can ask the server to cancel. */
type Statement<T> = PromiseLike<T> & { cancel?(): unknown };

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

/** The events of a listener. */
export interface ListenEvents {
  /** A notification. */
  readonly onNotify: (payload: string) => void;
  /** It listens, for the first time or again. */
  readonly onListen: () => void;
  /** It does not listen any more. Not called for a client of the application's. */
  readonly onLost: () => void;
}

/** Makes connections to an address, which connect when they are first used. */
export async function connect(address: Address, connectTimeoutMs: number): Promise<Connections> {
  const clients = new PostgresClients(await importPostgres(), address, connectTimeoutMs);
  return new OwnConnections(clients, address.connectionLimit ?? USUAL_COUNT);
}

// Loaded here rather than imported above, so that its absence gives a clear error.
async function importPostgres(): Promise<Driver> {
  try {
    const { default: postgres } = await import("postgres") as unknown as { default: Driver };
    return postgres;
  } catch (cause) {
    throw new Error("postgres(url) needs the package postgres: npm install postgres", { cause });
  }
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
      const cancel = startTimer(limitMs, () => {
        this.#waiting.splice(this.#waiting.indexOf(one), 1);
        reject(
          new StoreTimeoutError(
            `None of ${this.count} connections to Postgres was free within ${limitMs} ms; ` +
              "nothing was changed",
          ),
        );
      });
      const one = {
        take: (client: OwnClient) => {
          cancel();
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

/**
 * Listens on a connection of its own until it is ended. When that connection is lost, or silent when it
 * is asked, another one takes its place. What is missed meanwhile is found by polling.
 */
class Listening {
  readonly #clients: OwnClients;
  readonly #channel: string;
  readonly #events: ListenEvents;
  readonly #ended: Promise<void>;
  #client: OwnClient | undefined;
  #isOver = false;
  #wake: () => void = () => {};

  constructor(clients: OwnClients, channel: string, events: ListenEvents) {
    this.#clients = clients;
    this.#channel = channel;
    this.#events = events;
    this.#ended = this.#listen();
  }

  /** Stops listening, at once. */
  async end(): Promise<void> {
    this.#isOver = true;
    this.#client?.destroy();
    this.#wake();
    await this.#ended;
  }

  async #listen(): Promise<void> {
    for (let pauseMs = 50; !this.#isOver; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
      if (await this.#listenOnce()) pauseMs = 50;
      if (!this.#isOver) await this.#sleep(pauseMs * (0.5 + Math.random() / 2));
    }
  }

  /** Listens until the connection is lost. Returns whether it ever did. */
  async #listenOnce(): Promise<boolean> {
    let [hasListened, isLost, isDone] = [false, false, false];
    const onClose = () => {
      isLost = true;
      if (!isDone) this.#wake();
    };
    const { onNotify, onListen, onLost } = this.#events;
    const client = this.#client = this.#clients.open({ onNotify, onClose });
    try {
      await inTime(client.sql.unsafe(`listen ${quoted(this.#channel)}`), LISTEN_LIMIT_MS);
      hasListened = true;
      onListen();
      while (!isLost && !this.#isOver) {
        await this.#sleep(ASK_EVERY_MS);
        if (!isLost && !this.#isOver) await inTime(client.sql.unsafe("select 1"), LISTEN_LIMIT_MS);
      }
    } catch (error) {
      // Another connection may do better, and soon if the error has shown how.
      hasListened ||= this.#clients.learn(error);
    } finally {
      isDone = true;
      onLost();
      client.destroy();
    }
    return hasListened;
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = startTimer(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
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

  /** Between two calls there is no connection that could listen. */
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

/**
 * The answer to a statement. When the limit is over, the server is asked to cancel the statement. If it
 * does, nothing was changed; if it does not answer that either, the outcome is unknown.
 */
async function inTime<T>(statement: Statement<T>, limitMs: number): Promise<T> {
  const answer = Promise.resolve(statement);
  if (await isSettled(answer, limitMs)) return await answer;
  cancelStatement(statement);
  if (!await isSettled(answer, Math.min(limitMs, CANCEL_MS))) {
    // Its later error is of no use to a caller.
    answer.catch(() => {});
    throw new GivenUpError(limitMs);
  }
  try {
    return await answer;
  } catch (error) {
    if (codeOf(error) !== "57014") throw error;
    throw new StoreTimeoutError(
      `Postgres did not answer within ${Math.round(limitMs)} ms, so the statement was cancelled; ` +
        "nothing was changed",
      { cause: error },
    );
  }
}

function cancelStatement(statement: Statement<unknown>): void {
  try {
    Promise.resolve(statement.cancel?.()).catch(() => {});
  } catch {
    // It is given up all the same.
  }
}

/** Whether a statement succeeds or fails in time. */
function isSettled(answer: Promise<unknown>, limitMs: number): Promise<boolean> {
  return withTimeLimit(limitMs, answer.catch(() => {}));
}
