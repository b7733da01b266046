/**
 * A drain seen from outside: what the process says of itself, and what its server used meanwhile.
 *
 * @module
 */
import type { Drain, Drained } from "../measured/drain.ts";
import { measure } from "./measure.ts";
import type { StoreKind } from "./places.ts";
import type { BenchRuntime } from "./runtimes.ts";

/** What a drain took. */
export interface DrainedPlace extends Drained {
  /** Milliseconds of the server's CPU for 1,000 jobs, where there is a server. */
  readonly serverCpuMs?: number;
}

/** Drains a place of some kind. */
export async function drainPlace(
  runtime: BenchRuntime,
  { serverCpuMs }: StoreKind,
  drain: Drain,
): Promise<DrainedPlace> {
  const before = serverCpuMs?.() ?? 0;
  const drained = await measure(runtime, "drain", drain);
  if (serverCpuMs === undefined) return drained;
  return { ...drained, serverCpuMs: (serverCpuMs() - before) / drain.jobs * 1_000 };
}
