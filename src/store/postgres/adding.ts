/**
 * The way of new jobs into Postgres: surely stored or surely refused, and whoever waits is woken.
 *
 * @module
 */
import type { JobInput } from "../../job/record.ts";
import { JobIdTakenError } from "../../job/errors.ts";
import { unknownDependency } from "../reasons.ts";
import type { Added } from "../store.ts";
import { arePlain, Inserts } from "./add.ts";
import { jobIdTaken, unknownJob } from "./add_functions.ts";
import type { Bell } from "./bell.ts";
import { type Client, codeOf, type Sql } from "./client.ts";
import { quoted } from "./names.ts";
import { SharedAdds } from "./shared_adds.ts";
import { addOnce } from "./surely.ts";

/** Where jobs are added, and how. */
export interface AddingOptions {
  readonly schema: string;
  /** The time by an injected clock, if there is one. */
  readonly at: () => number | null;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. */
  readonly lostAnswerMs: number;
}

/** Adds jobs to one schema. */
export class Adding {
  readonly #client: Client;
  readonly #bell: Bell;
  readonly #options: AddingOptions;
  readonly #inserts: Inserts;
  readonly #shared: SharedAdds = new SharedAdds((inputs) => this.#addPlain(inputs));

  constructor(client: Client, bell: Bell, options: AddingOptions) {
    this.#client = client;
    this.#bell = bell;
    this.#options = options;
    this.#inserts = new Inserts(client, quoted(options.schema));
  }

  /** Adds jobs in one step, in the caller's transaction if there is one. */
  async add(inputs: readonly JobInput[], transaction?: Sql): Promise<readonly Added[]> {
    try {
      if (transaction !== undefined) return await this.#addWithin(inputs, transaction);
      if (!arePlain(inputs)) return await this.#addInOrder(inputs);
      // Where each call has a client of its own, none can wait for another one's.
      const isShared = this.#client.kept !== undefined;
      return isShared ? await this.#shared.add(inputs) : await this.#addPlain(inputs);
    } catch (error) {
      if (codeOf(error) === unknownJob) throw unknownDependency((error as Error).message);
      if (codeOf(error) === jobIdTaken) throw new JobIdTakenError((error as Error).message);
      throw error;
    }
  }

  async #addPlain(inputs: readonly JobInput[]): Promise<readonly Added[]> {
    const { schema, at, lostAnswerMs } = this.#options;
    const isRinging = this.#bell.takeTurn();
    const channel = isRinging ? schema : undefined;
    const add = () => this.#inserts.addPlain(inputs, at(), { channel });
    const added = await addOnce(inputs, add, lostAnswerMs);
    // Where a parent is cancelled, none was added by the statement that also rings.
    if (isRinging && added.every(({ job }) => job.status !== "cancelled")) {
      this.#bell.tell(newIn(added));
    } else await this.#bell.ring(newIn(added));
    return added;
  }

  async #addInOrder(inputs: readonly JobInput[]): Promise<readonly Added[]> {
    const { at, lostAnswerMs } = this.#options;
    const add = () => this.#inserts.addInOrder(inputs, at());
    const added = await addOnce(inputs, add, lostAnswerMs);
    await this.#bell.ring(newIn(added));
    return added;
  }

  async #addWithin(inputs: readonly JobInput[], transaction: Sql): Promise<readonly Added[]> {
    const at = this.#options.at();
    const added = arePlain(inputs)
      ? await this.#inserts.addPlain(inputs, at, { transaction })
      : await this.#inserts.addInOrder(inputs, at, transaction);
    await this.#bell.ringAtCommit(newIn(added), transaction);
    return added;
  }
}

/** The queues with new jobs. */
function newIn(added: readonly Added[]): ReadonlySet<string> {
  const queueNames = new Set<string>();
  for (const { job: { queueName, status }, deduplicated } of added) {
    if (!deduplicated && status !== "cancelled") queueNames.add(queueName);
  }
  return queueNames;
}
