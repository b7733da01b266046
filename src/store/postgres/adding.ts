/**
 * The way of new jobs into Postgres: surely stored or surely refused, and whoever waits is woken.
 *
 * @module
 */
import type { JobPart } from "../../job/parts.ts";
import type { JobInput } from "../../job/record.ts";
import { JobIdTakenError } from "../../job/errors.ts";
import { unknownDependency } from "../rules.ts";
import type { Added, AddOptions } from "../store.ts";
import { arePlain, type InsertOptions, Inserts } from "./add.ts";
import { jobIdTaken, unknownJob } from "./functions/add.ts";
import type { Notifier } from "./notifier.ts";
import type { Client, Sql } from "./client.ts";
import { codeOf } from "./errors.ts";
import { KeyedAdds } from "./keyed_adds.ts";
import { quoted } from "./names.ts";
import { addOnce, retried } from "./retry.ts";
import { GroupCommit } from "./group_commit.ts";

/** Where jobs are added, and how. */
export interface AddingOptions {
  readonly schema: string;
  /** The time by an injected clock, if there is one. */
  readonly at: () => number | null;
  /** How long an enqueue whose answer was lost asks what became of it, in ms. */
  readonly lostAnswerMs: number;
  /** How long an enqueue waits for another transaction that has its key, in ms. */
  readonly callTimeoutMs: number;
}

/** Adds jobs to one schema. */
export class Adding {
  readonly #client: Client;
  readonly #notifier: Notifier;
  readonly #options: AddingOptions;
  readonly #inserts: Inserts;
  readonly #shared: GroupCommit = new GroupCommit((inputs, include) =>
    this.#addPlain(inputs, include)
  );
  readonly #keyed: KeyedAdds;

  constructor(client: Client, notifier: Notifier, options: AddingOptions) {
    this.#client = client;
    this.#notifier = notifier;
    this.#options = options;
    this.#inserts = new Inserts(client, quoted(options.schema));
    this.#keyed = new KeyedAdds(
      (inputs, patienceMs, include) => this.#addPatiently(inputs, { patienceMs, include }),
      client.connectionCount,
      options.callTimeoutMs,
    );
  }

  /** Adds jobs in one step, in the caller's transaction if there is one. */
  async add(
    inputs: readonly JobInput[],
    { transaction, include }: AddOptions<Sql> = {},
  ): Promise<readonly Added[]> {
    try {
      if (transaction !== undefined) {
        return await this.#addWithin(inputs, { transaction, include });
      }
      const isKeyed = inputs.some(({ idempotencyKey }) => idempotencyKey !== undefined);
      // Where each call has a client of its own, none can wait for another one's.
      const isShared = this.#client.connectionCount > 0;
      if (!arePlain(inputs)) {
        const add = (patienceMs?: number) => this.#addInOrder(inputs, { patienceMs, include });
        if (!isKeyed || !isShared) return await add();
        return await this.#keyed.addAlone(inputs, include, (_, patienceMs) => add(patienceMs));
      }
      if (!isShared) return await this.#addPlain(inputs, include);
      return await (isKeyed ? this.#keyed : this.#shared).add(inputs, include);
    } catch (error) {
      if (codeOf(error) === unknownJob) throw unknownDependency((error as Error).message);
      if (codeOf(error) === jobIdTaken) throw new JobIdTakenError((error as Error).message);
      throw error;
    }
  }

  async #addPlain(
    inputs: readonly JobInput[],
    include: readonly JobPart[] | undefined,
  ): Promise<readonly Added[]> {
    const { schema, at, lostAnswerMs } = this.#options;
    const isNotifying = this.#notifier.takeTurn();
    const channel = isNotifying ? schema : undefined;
    const add = () => this.#inserts.addPlain(inputs, at(), { channel, include });
    const added = await addOnce(inputs, () => retried(add), lostAnswerMs);
    // Where a parent is cancelled, none was added by the statement that also notifies.
    if (isNotifying && added.every(({ job }) => job.status !== "cancelled")) {
      this.#notifier.tell(newIn(added));
    } else await this.#notifier.notify(newIn(added));
    return added;
  }

  async #addPatiently(
    inputs: readonly JobInput[],
    options: InsertOptions,
  ): Promise<readonly Added[]> {
    return await this.#addAndNotify(inputs, (at) => this.#inserts.addPlain(inputs, at, options));
  }

  async #addInOrder(
    inputs: readonly JobInput[],
    options: InsertOptions,
  ): Promise<readonly Added[]> {
    return await this.#addAndNotify(inputs, (at) => this.#inserts.addInOrder(inputs, at, options));
  }

  async #addAndNotify(
    inputs: readonly JobInput[],
    add: (at: number | null) => Promise<readonly Added[]>,
  ): Promise<readonly Added[]> {
    const { at, lostAnswerMs } = this.#options;
    const added = await addOnce(inputs, () => retried(() => add(at())), lostAnswerMs);
    await this.#notifier.notify(newIn(added));
    return added;
  }

  async #addWithin(
    inputs: readonly JobInput[],
    options: InsertOptions & { readonly transaction: Sql },
  ): Promise<readonly Added[]> {
    const at = this.#options.at();
    const added = arePlain(inputs)
      ? await this.#inserts.addPlain(inputs, at, options)
      : await this.#inserts.addInOrder(inputs, at, options);
    await this.#notifier.notifyAtCommit(newIn(added), options.transaction);
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
