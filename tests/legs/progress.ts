/** A leg in which no test has finished for so long is ended. */
export const patienceSeconds = 60;

/** How far a leg is, by what its runner writes. */
export class Progress {
  readonly leg: string;
  readonly #finishedTest: RegExp;
  readonly #stalled = new AbortController();
  #patience: NodeJS.Timeout;
  #finished = 0;
  #openLine = "";

  constructor(leg: string, finishedTest: RegExp) {
    this.leg = leg;
    this.#finishedTest = finishedTest;
    this.#patience = this.#wait();
  }

  /** How many tests have finished. Runners count suites and files in their own ways. */
  get finished(): number {
    return this.#finished;
  }

  /** Aborted when no test has finished for too long. */
  get stalled(): AbortSignal {
    return this.#stalled.signal;
  }

  /** Takes what the runner wrote: pieces of text that may end within a line. */
  read(text: string): void {
    const read = this.#openLine + text;
    const end = read.lastIndexOf("\n") + 1;
    this.#openLine = read.slice(end);
    this.#count(read.slice(0, end));
  }

  /** Nothing more comes. */
  end(): void {
    clearTimeout(this.#patience);
  }

  #count(lines: string): void {
    const finished = lines.match(this.#finishedTest)?.length ?? 0;
    if (finished === 0) return;
    this.#finished += finished;
    clearTimeout(this.#patience);
    this.#patience = this.#wait();
  }

  #wait(): NodeJS.Timeout {
    return setTimeout(() => this.#stalled.abort(), patienceSeconds * 1_000);
  }
}
