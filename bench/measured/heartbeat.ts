/**
 * A heartbeat of many running jobs of one claim.
 *
 * @module
 */
import { JobQueue } from "../../mod.ts";
import { openStore } from "./open_store.ts";
import { enqueueMany, type Trivial } from "./trivial.ts";

/** How many jobs run, and how often their leases are extended. */
export interface Heartbeats {
  readonly address: string;
  readonly jobs: number;
  readonly times: number;
}

/** Claims the jobs, says that they have begun, and extends all their leases; ms of each time. */
export async function heartbeats({ address, jobs, times }: Heartbeats): Promise<readonly number[]> {
  const store = await openStore(address);
  await using queue = new JobQueue<{ trivial: Trivial }>({ store });
  await enqueueMany(queue, jobs);
  const leaseMs = 60_000;
  const { claimed } = await store.settleAndClaim({
    settlements: [],
    claims: [{ queueName: "trivial", limit: jobs, leaseMs }],
  });
  if (claimed.length !== jobs) {
    throw new Error(`${jobs} jobs must be claimed: got ${claimed.length}`);
  }
  const running = claimed.map(({ id, leaseToken }) => ({ jobId: id, leaseToken }));
  await store.extend(running.map((one) => ({ ...one, attempt: "begins" })), { leaseMs });
  const took: number[] = [];
  for (let i = 0; i < times; i++) {
    const startedAt = performance.now();
    const states = await store.extend(running, { leaseMs });
    took.push(performance.now() - startedAt);
    const held = states.filter((state) => state === "held").length;
    if (held !== jobs) throw new Error(`${jobs} leases must be held: got ${held}`);
  }
  return took;
}
