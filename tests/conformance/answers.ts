/** How the tests read what a store answers. */
import type { AttemptRecord, JobRecord, RecordFilter, Store, TraceEnd } from "../../src/store.ts";
import type { Fixture } from "./fixture.ts";

/** A record without its absent fields: a store may leave them out or hand them out as undefined. */
export function definedFields<T extends object>(record: T): Partial<T> {
  const fields = Object.entries(record).filter(([, value]) => value !== undefined);
  return Object.fromEntries(fields) as Partial<T>;
}

/** The jobs of the first page, whole. */
export async function jobsFound(
  store: Store,
  filter: Omit<RecordFilter, "include">,
): Promise<readonly JobRecord[]> {
  return (await store.find(filter)).jobs as readonly JobRecord[];
}

/** The attempts of a job that did not complete it, oldest first; none where there is no such job. */
export async function attemptsOf(
  store: Pick<Store, "get">,
  id: string,
): Promise<readonly AttemptRecord[]> {
  return (await store.get(id, { attempts: true }))?.attemptRecords ?? [];
}

/** The ends of traces that nobody has told of, which count as told then. */
export async function takeTraceEnds({ store }: Fixture): Promise<readonly TraceEnd[]> {
  const ends = await store.traceEnds!.claim({ limit: 100, leaseMs: 1_000 });
  await store.traceEnds!.settle(ends);
  return ends;
}
