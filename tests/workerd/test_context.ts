import { readDefinition } from "./definition.ts";
import type { Body, HookBody, Options, RegisteredTest } from "./registry.ts";

/** Runs a subtest and says whether it went well. */
export type RunSubtest = (test: RegisteredTest) => Promise<boolean>;

/** What a test's body is given: `t`. */
export class TestContext {
  readonly name: string;
  readonly #runSubtest: RunSubtest;
  readonly #ending = new AbortController();
  readonly #afterwards: HookBody[] = [];
  #subtests: Promise<void> = Promise.resolve();
  #unfinished = 0;
  #failed = 0;
  #skipped: boolean | string = false;

  constructor(name: string, runSubtest: RunSubtest) {
    this.name = name;
    this.#runSubtest = runSubtest;
  }

  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  /** Runs a subtest once those before it have ended. As in Node, its failure does not reject. */
  test(...definition: readonly (string | Options | Body)[]): Promise<void> {
    const subtest = readDefinition<Body>(definition);
    this.#unfinished++;
    this.#subtests = this.#subtests.then(async () => {
      const isFine = await this.#runSubtest({ kind: "test", ...subtest });
      this.#unfinished--;
      if (!isFine) this.#failed++;
    });
    return this.#subtests;
  }

  after(body: HookBody): void {
    this.#afterwards.push(body);
  }

  diagnostic(message: string): void {
    console.log(`# ${message}`);
  }

  skip(why: string | boolean = true): void {
    this.#skipped = why;
  }

  todo(why: string | boolean = true): void {
    this.#skipped = why;
  }

  /** Why the test skipped itself, if it did. */
  get skipped(): boolean | string {
    return this.#skipped;
  }

  /** What t.after registered. */
  get afterwards(): readonly HookBody[] {
    return this.#afterwards;
  }

  end(): void {
    this.#ending.abort();
  }

  /** What its subtests hold against the test. */
  *subtestFailures(): Iterable<Error> {
    if (this.#failed > 0) yield new Error(`No failed subtest was expected, got ${this.#failed}.`);
    if (this.#unfinished > 0) {
      yield new Error(`Each subtest was expected to be awaited, ${this.#unfinished} were not.`);
    }
  }
}
