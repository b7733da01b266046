/**
 * All jobs in memory and the ways to look them up: by id, by idempotency key, and by everything that
 * is indexed in a database too.
 *
 * @module
 */
import { traceIdIn } from "../../job/traceparent.ts";
import type { JobInput, JobRecord } from "../../job/record.ts";
import { checkSameJob } from "../reasons.ts";
import { mostLinks, type RecordFilter, type RecordPage } from "../store.ts";
import { type Entry, newEntry } from "./entry.ts";
import { MemoryIndex, newestFirst } from "./lookup.ts";

/** The jobs of a memory store. */
export class MemoryTable {
  readonly #byId = new Map<string, Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #index = new MemoryIndex();
  #sequence = 0;

  get(id: string): Entry | undefined {
    return this.#byId.get(id);
  }

  /** The job that was stored before under the same id or idempotency key. */
  known(input: JobInput): Entry | undefined {
    const key = keyOf(input);
    return this.#byId.get(input.id) ?? (key === undefined ? undefined : this.#byKey.get(key));
  }

  /**
   * The entries that inputs come to, by the inputs' ids: those that are there, else new ones. All is
   * looked up before anything is changed, so that a refusal leaves nothing behind.
   */
  resolve(inputs: readonly JobInput[], now: number): ReadonlyMap<string, Entry> {
    const stored = new Map<string, Entry>();
    const keys = new Map<string, Entry>();
    const idOf = (id: string) => (stored.get(id) ?? this.get(id))?.record.id;
    for (const input of inputs) {
      const key = keyOf(input);
      const sameId = stored.get(input.id) ?? this.get(input.id);
      if (sameId !== undefined) {
        checkSameJob(input, sameId.record, input.payload === sameId.record.payload);
      }
      const known = sameId ?? this.known(input) ?? (key === undefined ? undefined : keys.get(key));
      const entry = known ?? newEntry(input, now, idOf);
      stored.set(input.id, entry);
      if (key !== undefined) keys.set(key, entry);
    }
    return stored;
  }

  /** Puts a job behind all others. */
  insert(entry: Entry): void {
    const { record } = entry;
    record.sequence = ++this.#sequence;
    this.#byId.set(record.id, entry);
    const key = keyOf(record);
    if (key !== undefined) this.#byKey.set(key, entry);
    this.#index.add(entry);
  }

  remove(entry: Entry): void {
    const { record } = entry;
    this.#byId.delete(record.id);
    const key = keyOf(record);
    if (key !== undefined) this.#byKey.delete(key);
    this.#index.remove(entry);
  }

  /** Makes a job known by the trace that an attempt of it ran in. */
  noteAttempt(entry: Entry, traceparent: string | undefined): void {
    const traceId = traceparent && traceIdIn(traceparent);
    if (traceId === undefined || traceId === entry.record.traceId) return;
    if (entry.ranIn?.has(traceId)) return;
    (entry.ranIn ??= new Set()).add(traceId);
    this.#index.addTrace(entry, traceId);
  }

  /** The contexts that a job links to: of its dependencies' last attempts, else of their creation. */
  contextsOf(dependsOn: readonly string[]): readonly string[] {
    if (dependsOn.length === 0) return [];
    return dependsOn.slice(0, mostLinks).flatMap((id) => {
      const dependency = this.get(id)?.record;
      return dependency?.attemptTraceparent ?? dependency?.traceparent ?? [];
    });
  }

  /** The parts of a job. */
  childrenOf(id: string): Iterable<Entry> {
    return this.#index.childrenOf(id);
  }

  find(filter: RecordFilter): RecordPage {
    const ids = filter.ids && new Set(filter.ids);
    const byId = ids && [...ids].flatMap((id) => this.get(id) ?? []).sort(newestFirst);
    return this.#index.find(filter, byId);
  }
}

/** Under what a job's idempotency key is known, if it has one: keys belong to their queue. */
function keyOf({ queueName, idempotencyKey }: JobInput | JobRecord): string | undefined {
  return idempotencyKey === undefined ? undefined : `${queueName} ${idempotencyKey}`;
}
