import type { TraceEnd } from "../../src/store/store.ts";
import type { Scene } from "./scene.ts";

/** The ends of traces that nobody has told of, which count as told then. */
export async function takeEnds({ store }: Scene): Promise<readonly TraceEnd[]> {
  const ends = await store.claimTraceEnds({ limit: 100, leaseMs: 1_000 });
  await store.settleTraceEnds(ends);
  return ends;
}
