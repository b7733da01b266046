/**
 * Looking up jobs in memory: newest first, by everything that is indexed in a database too.
 *
 * @module
 */
import type { ChangeFilter, RecordFilter } from "../store.ts";
import { LinkedList } from "./linked_list.ts";
import type { MemoryRow } from "./rows.ts";

type Key = "traceId" | "correlationId" | "parentId";
const keys: readonly Key[] = ["traceId", "correlationId", "parentId"];

/** All entries, and those of each trace, correlation id and parent. */
export class MemoryIndex {
  readonly #all = new LinkedList<MemoryRow>();
  readonly #by: Readonly<Record<Key, Map<string, LinkedList<MemoryRow>>>> = {
    traceId: new Map(),
    correlationId: new Map(),
    parentId: new Map(),
  };
  // Entries by the traces of their attempts, where those are not their own.
  readonly #ranIn = new Map<string, Set<MemoryRow>>();

  /** Adds an row with a higher sequence than all before. */
  add(row: MemoryRow): void {
    row.links.all = this.#all.add(row);
    for (const key of keys) {
      const value = row.record[key];
      if (value === undefined) continue;
      let list = this.#by[key].get(value);
      if (list === undefined) this.#by[key].set(value, list = new LinkedList());
      row.links[key] = list.add(row);
    }
  }

  /** Makes an row known by another trace, in which an attempt of it ran. */
  addTrace(row: MemoryRow, traceId: string): void {
    const ran = this.#ranIn.get(traceId) ?? new Set();
    this.#ranIn.set(traceId, ran.add(row));
  }

  /** Forgets an row. */
  remove(row: MemoryRow): void {
    this.#all.remove(row.links.all!);
    for (const key of keys) {
      const value = row.record[key];
      if (value === undefined) continue;
      const list = this.#by[key].get(value)!;
      list.remove(row.links[key]!);
      if (list.isEmpty) this.#by[key].delete(value);
    }
    for (const traceId of row.ranIn ?? []) {
      const ran = this.#ranIn.get(traceId)!;
      ran.delete(row);
      if (ran.size === 0) this.#ranIn.delete(traceId);
    }
  }

  /** Rows among which are all that a filter finds, newest first. */
  candidates(filter: RecordFilter): Iterable<MemoryRow> {
    const ran = filter.traceId === undefined ? undefined : this.#ranIn.get(filter.traceId);
    if (ran !== undefined) {
      const own = this.#by.traceId.get(filter.traceId!)?.newestFirst() ?? [];
      return [...own, ...ran].sort(newestFirst);
    }
    return this.#listOf(filter)?.newestFirst() ?? [];
  }

  /** Rows among which are all that a change is for, oldest first. */
  oldestFirst(filter: ChangeFilter): Iterable<MemoryRow> {
    return this.#listOf(filter)?.oldestFirst() ?? [];
  }

  /** The shortest list that has all that match; `undefined` if none does. */
  #listOf(filter: Pick<RecordFilter, Key>): LinkedList<MemoryRow> | undefined {
    const key = keys.find((one) => filter[one] !== undefined);
    return key === undefined ? this.#all : this.#by[key].get(filter[key]!);
  }

  /** Those that have a job as their parent. */
  childrenOf(id: string): Iterable<MemoryRow> {
    return this.#by.parentId.get(id)?.newestFirst() ?? [];
  }
}

/** The order of what is found. */
export function newestFirst(a: MemoryRow, b: MemoryRow): number {
  return b.record.sequence - a.record.sequence;
}
