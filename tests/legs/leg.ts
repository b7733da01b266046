/** A leg is the tests on one runtime. */
export interface Leg {
  /** What the command line and the summary call it. */
  readonly name: string;
  /** The folders under tests/ whose files run here. */
  readonly folders: readonly string[];
  /** Test files elsewhere that run here too, as paths from the root. */
  readonly moreFiles?: readonly string[];
  /** Finds the runtime, or throws a MissingRuntime that says what was looked for. */
  readonly findRuntime: () => Runtime;
  /** What to run, one after the other, in the root of the repository. */
  readonly commands: (runtime: Runtime, testFiles: readonly string[]) => readonly Command[];
  /** Reads the runner's closing lines. Each counts suites and subtests in its own way. */
  readonly readCounts: (output: string) => Counts | undefined;
  /** Reads what is worth showing although all went well: what tests counted and measured. */
  readonly readNotes?: (output: string) => string;
  /** Matches what the runner writes when a test has finished. */
  readonly finishedTest: RegExp;
}

export interface Runtime {
  readonly title: string;
  readonly version: string;
  readonly executable: string;
}

export interface Command {
  readonly executable: string;
  readonly args: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** How a leg ended. */
export interface Outcome extends Counts {
  readonly leg: string;
  /** Title and version, as far as the runtime was found. */
  readonly runtime: string;
  readonly verdict: "passed" | "failed" | "skipped";
  /** Why it failed or was skipped: a sentence. */
  readonly reason?: string;
  readonly seconds: number;
  readonly output: string;
  readonly notes?: string;
}
