/**
 * All jobs in memory and the ways to look them up: by id, by idempotency key, and by everything that
 * is indexed in a database too.
 *
 * @module
 */
import type { JobStatus } from "../status.ts";
import type { JobInput, JobRecord } from "../record.ts";
import type { QueueCount, RecordFilter } from "../store.ts";
import { MemoryCounts } from "./memory_counts.ts";
import type { Entry } from "./memory_entry.ts";
import { MemoryIndex } from "./memory_index.ts";

/** The jobs of a memory store. */
export class MemoryTable {
  readonly #byId = new Map<string, Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #index = new MemoryIndex();
  readonly #counts = new MemoryCounts();
  #sequence = 0;

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  /** The job that was stored before under the same id or idempotency key. */
  known(input: JobInput): Entry | undefined {
    const key = keyOf(input);
    return this.#byId.get(input.id) ?? (key === undefined ? undefined : this.#byKey.get(key));
  }

  /** Puts a job behind all others. */
  insert(entry: Entry): void {
    const { record } = entry;
    record.sequence = ++this.#sequence;
    this.#byId.set(record.id, entry);
    const key = keyOf(record);
    if (key !== undefined) this.#byKey.set(key, entry);
    this.#index.add(entry);
    this.#counts.change(record.queueName, record.status, 1);
  }

  remove(entry: Entry): void {
    const { record } = entry;
    this.#byId.delete(record.id);
    const key = keyOf(record);
    if (key !== undefined) this.#byKey.delete(key);
    this.#index.remove(entry);
    this.#counts.change(record.queueName, record.status, -1);
  }

  /** Gives a job another status. */
  move({ record }: Entry, status: JobStatus): void {
    this.#counts.change(record.queueName, record.status, -1);
    this.#counts.change(record.queueName, status, 1);
    record.status = status;
  }

  find(filter: RecordFilter): JobRecord[] {
    return this.#index.find(filter);
  }

  counts(): QueueCount[] {
    return this.#counts.all();
  }
}

/** Under what a job's idempotency key is known, if it has one: keys belong to their queue. */
export function keyOf({ queueName, idempotencyKey }: JobInput | JobRecord): string | undefined {
  return idempotencyKey === undefined ? undefined : `${queueName} ${idempotencyKey}`;
}
