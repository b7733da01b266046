import process from "node:process";
import type { Progress } from "./progress.ts";

const everySeconds = { inTerminal: 1, inLog: 20 };
const startOfEmptyLine = "\r\x1b[K";

/** Shows how far the running legs are: on one line of a terminal, in a log on a line now and then. */
export class ProgressDisplay {
  readonly #running = new Set<Progress>();
  readonly #startedAt = performance.now();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    const seconds = process.stdout.isTTY ? everySeconds.inTerminal : everySeconds.inLog;
    this.#timer = setInterval(() => this.#show(), seconds * 1_000);
  }

  add(progress: Progress): void {
    this.#running.add(progress);
  }

  remove(progress: Progress): void {
    this.#running.delete(progress);
  }

  /** Prints what stays. */
  print(text: string): void {
    process.stdout.write(`${process.stdout.isTTY ? startOfEmptyLine : ""}${text}\n`);
  }

  end(): void {
    clearInterval(this.#timer);
    if (process.stdout.isTTY) process.stdout.write(startOfEmptyLine);
  }

  #show(): void {
    const legs = [...this.#running].map(({ leg, finished }) => `${leg} ${finished} tests`);
    const line = [`${Math.round((performance.now() - this.#startedAt) / 1_000)} s`, ...legs]
      .join(" · ");
    if (!process.stdout.isTTY) return this.print(line);
    process.stdout.write(startOfEmptyLine + line.slice(0, process.stdout.columns - 1));
  }
}
