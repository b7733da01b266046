/**
 * What a task and the process that started it say to each other while it lasts.
 *
 * @module
 */
import { once } from "node:events";
import process from "node:process";

/** A task's side of it. */
export interface Signals {
  /** Says that it works. */
  readonly ready: () => void;
  /** Waits to be told to come to an end. */
  readonly told: () => Promise<void>;
}

/** A line goes out, a byte comes in. */
export const signals: Signals = {
  ready: () => console.log("ready"),
  told: async () => {
    await once(process.stdin, "data");
    // It would keep the process alive.
    process.stdin.pause();
  },
};
