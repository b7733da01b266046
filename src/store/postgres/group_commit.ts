/**
 * Enqueues that share a statement: what is added while an insert is under way goes with the next one,
 * so that many callers wait for few commits. The first goes at once, nobody waits for a timer, and
 * each learns what became of its own jobs once they are committed.
 *
 * @module
 */
import { StoreUnavailableError } from "../../job/errors.ts";
import type { JobInput } from "../../job/record.ts";
import type { JobPart } from "../../job/parts.ts";
import type { Added } from "../store.ts";

/** Adds jobs in one step, and answers them with these parts, or all. */
type Add = (
  inputs: readonly JobInput[],
  include: readonly JobPart[] | undefined,
) => Promise<readonly Added[]>;

interface Call {
  readonly inputs: readonly JobInput[];
  readonly include: readonly JobPart[] | undefined;
  readonly resolve: (added: readonly Added[]) => void;
  readonly reject: (error: unknown) => void;
}

// A larger statement costs as much for each job.
const MOST_JOBS = 1_000;
const MOST_CHARACTERS = 1_000_000;

/** Adds that are made at the same time. */
export class GroupCommit {
  readonly #add: Add;
  readonly #addAlone: Add;
  readonly #isOfOne: (error: unknown) => boolean;
  #calls: Call[] = [];
  #isUnderWay = false;

  /**
   * `add` stores jobs in one step, or none of them; if it fails for the sake of one call, as `isOfOne`
   * says, each is added alone.
   */
  constructor(
    add: Add,
    isOfOne: (error: unknown) => boolean = (error) => !(error instanceof StoreUnavailableError),
    addAlone: Add = add,
  ) {
    this.#add = add;
    this.#addAlone = addAlone;
    this.#isOfOne = isOfOne;
  }

  /** Adds jobs in one step, perhaps with those of other calls. */
  add(inputs: readonly JobInput[], include?: readonly JobPart[]): Promise<readonly Added[]> {
    return new Promise((resolve, reject) => {
      this.#calls.push({ inputs, include, resolve, reject });
      if (!this.#isUnderWay) void this.#work();
    });
  }

  async #work(): Promise<void> {
    this.#isUnderWay = true;
    // Callers of the same moment come a few steps apart.
    await undefined;
    while (this.#calls.length > 0) await this.#send(this.#takeCalls());
    this.#isUnderWay = false;
  }

  async #send(calls: readonly Call[]): Promise<void> {
    try {
      const added = await this.#add(calls.flatMap(({ inputs }) => inputs), calls[0]!.include);
      let first = 0;
      for (const { inputs, resolve } of calls) {
        resolve(added.slice(first, first += inputs.length));
      }
    } catch (error) {
      const isDone = calls.length === 1 && this.#addAlone === this.#add;
      for (const { inputs, include, resolve, reject } of calls) {
        if (isDone || !this.#isOfOne(error)) reject(error);
        // Nobody shall suffer for another one's job, nor wait for it.
        else this.#addAlone(inputs, include).then(resolve, reject);
      }
    }
  }

  /** As many as fit in one statement and ask for the same parts, at least one. */
  #takeCalls(): readonly Call[] {
    const parts = String(this.#calls[0]!.include);
    let [jobs, characters, count] = [0, 0, 0];
    for (const { inputs, include } of this.#calls) {
      if (String(include) !== parts) break;
      jobs += inputs.length;
      for (const { payload } of inputs) characters += payload.length;
      if (count > 0 && (jobs > MOST_JOBS || characters > MOST_CHARACTERS)) break;
      count++;
    }
    return this.#calls.splice(0, count);
  }
}
