/**
 * Looking up jobs in memory: newest first, by everything that is indexed in a database too.
 *
 * @module
 */
import { jobParts } from "../../job/parts.ts";
import { countWithin } from "../page_bytes.ts";
import type { RecordFilter, RecordPage } from "../store.ts";
import { LinkedList } from "./linked_list.ts";
import { bytesOf, type Entry, foundCopyOf } from "./entry.ts";

type Key = "traceId" | "correlationId" | "parentId";
const keys: readonly Key[] = ["traceId", "correlationId", "parentId"];

/** All entries, and those of each trace, correlation id and parent. */
export class MemoryIndex {
  readonly #all = new LinkedList<Entry>();
  readonly #by: Readonly<Record<Key, Map<string, LinkedList<Entry>>>> = {
    traceId: new Map(),
    correlationId: new Map(),
    parentId: new Map(),
  };
  // Entries by the traces of their attempts, where those are not their own.
  readonly #ranIn = new Map<string, Set<Entry>>();

  /** Adds an entry with a higher sequence than all before. */
  add(entry: Entry): void {
    entry.links.all = this.#all.add(entry);
    for (const key of keys) {
      const value = entry.record[key];
      if (value === undefined) continue;
      let list = this.#by[key].get(value);
      if (list === undefined) this.#by[key].set(value, list = new LinkedList());
      entry.links[key] = list.add(entry);
    }
  }

  /** Makes an entry known by another trace, in which an attempt of it ran. */
  addTrace(entry: Entry, traceId: string): void {
    const ran = this.#ranIn.get(traceId) ?? new Set();
    this.#ranIn.set(traceId, ran.add(entry));
  }

  /** Forgets an entry. */
  remove(entry: Entry): void {
    this.#all.remove(entry.links.all!);
    for (const key of keys) {
      const value = entry.record[key];
      if (value === undefined) continue;
      const list = this.#by[key].get(value)!;
      list.remove(entry.links[key]!);
      if (list.isEmpty) this.#by[key].delete(value);
    }
    for (const traceId of entry.ranIn ?? []) {
      const ran = this.#ranIn.get(traceId)!;
      ran.delete(entry);
      if (ran.size === 0) this.#ranIn.delete(traceId);
    }
  }

  /** The jobs that fit, newest first. `byId` are those with the ids that are asked for, in this order. */
  find(filter: RecordFilter, byId: readonly Entry[] | undefined): RecordPage {
    const { limit, maxBytes, include = jobParts, attempts } = filter;
    const found: Entry[] = [];
    for (const entry of byId ?? this.#candidates(filter)) {
      if (fits(entry, filter)) found.push(entry);
      if (found.length > limit) break;
    }
    const count = countWithin(
      found.map((entry) => bytesOf(entry, include, attempts)),
      limit,
      maxBytes,
    );
    return {
      jobs: found.slice(0, count).map((entry) => foundCopyOf(entry, include, attempts)),
      hasMore: count < found.length,
    };
  }

  /** Those that have a job as their parent. */
  childrenOf(id: string): Iterable<Entry> {
    return this.#by.parentId.get(id)?.newestFirst() ?? [];
  }

  #candidates(filter: RecordFilter): Iterable<Entry> {
    const ran = filter.traceId === undefined ? undefined : this.#ranIn.get(filter.traceId);
    if (ran !== undefined) {
      const own = this.#by.traceId.get(filter.traceId!)?.newestFirst() ?? [];
      return [...own, ...ran].sort(newestFirst);
    }
    for (const key of keys) {
      const value = filter[key];
      if (value !== undefined) return this.#by[key].get(value)?.newestFirst() ?? [];
    }
    return this.#all.newestFirst();
  }
}

/** The order of what is found. */
export function newestFirst(a: Entry, b: Entry): number {
  return b.record.sequence - a.record.sequence;
}

function fits({ record, ranIn }: Entry, filter: RecordFilter): boolean {
  const { queueNames, statuses, traceId, correlationId, parentId } = filter;
  return (queueNames === undefined || queueNames.includes(record.queueName)) &&
    (statuses === undefined || statuses.includes(record.status)) &&
    (traceId === undefined || record.traceId === traceId || ranIn?.has(traceId) === true) &&
    (correlationId === undefined || record.correlationId === correlationId) &&
    (parentId === undefined || record.parentId === parentId) &&
    record.createdAt >= (filter.createdFrom ?? -Infinity) &&
    record.createdAt < (filter.createdBefore ?? Infinity) &&
    record.sequence < (filter.before ?? Infinity);
}
