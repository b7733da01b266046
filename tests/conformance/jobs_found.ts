import type { JobRecord } from "../../src/job/record.ts";
import type { RecordFilter, Store } from "../../src/store/store.ts";

/** The jobs of the first page, whole. */
export async function jobsFound(
  store: Store,
  filter: Omit<RecordFilter, "include">,
): Promise<readonly JobRecord[]> {
  return (await store.find(filter)).jobs as readonly JobRecord[];
}
