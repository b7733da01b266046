/**
 * Listening on a connection of its own, for as long as the store is open: when that connection is
 * lost, or silent when it is asked, another one takes its place. What is missed meanwhile polling
 * finds.
 *
 * @module
 */
import { inTime } from "./in_time.ts";
import { quoted } from "./names.ts";
import type { OwnClient, OwnClients } from "./own_clients.ts";

const LIMIT_MS = 5_000;
// A connection that is half open says nothing, which is what one on which nothing happens says too.
const ASK_EVERY_MS = 15_000;
const LONGEST_PAUSE_MS = 2_000;

/** What a listener hears of. */
export interface ListenEvents {
  /** A notification. */
  readonly onNotify: (payload: string) => void;
  /** It listens, for the first time or again. */
  readonly onListen: () => void;
  /** It does not listen any more. A client of the application's never says so. */
  readonly onLost: () => void;
}

/** Listens on one channel until it is ended. */
export class Listening {
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
      await inTime(client.sql.unsafe(`listen ${quoted(this.#channel)}`), LIMIT_MS);
      hasListened = true;
      onListen();
      while (!isLost && !this.#isOver) {
        await this.#sleep(ASK_EVERY_MS);
        if (!isLost && !this.#isOver) await inTime(client.sql.unsafe("select 1"), LIMIT_MS);
      }
    } catch (error) {
      // Another connection may do better, and soon if this one has told how.
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
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
