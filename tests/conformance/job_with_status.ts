import type { Change, JobInput, JobStatus } from "../../src/store.ts";
import { completed, failed, type Holder, reason, retrying } from "./inputs.ts";
import type { Fixture } from "./fixture.ts";

/** A job, with the last lease on it or, if it never had one, with a made-up one. */
export interface Subject extends Holder {
  /** What it waits for. */
  readonly dependency?: string;
}

type Bring = (fixture: Fixture, fields?: Partial<JobInput>) => Promise<Subject>;

/** For each status a way through the seam that brings a job there. Leases last a second. */
export const jobWithStatus: Readonly<Record<JobStatus, Bring>> = {
  scheduled: async ({ add }, fields) => neverHeld(await add({ delayMs: 1_000, ...fields })),
  blocked: async ({ add }, fields) => {
    const { id } = await add({ queueName: "dependencies" });
    return { ...neverHeld(await add({ dependsOn: [id], ...fields })), dependency: id };
  },
  ready: async ({ add }, fields) => neverHeld(await add(fields)),
  running: async ({ add, claimOne }, fields) => {
    await add(fields);
    return await claimOne({ leaseMs: 1_000 });
  },
  retrying: (fixture, fields) => settled(fixture, retrying, fields),
  completed: (fixture, fields) => settled(fixture, completed, fields),
  failed: (fixture, fields) => settled(fixture, failed, fields),
  cancelled: async (fixture, fields) => {
    const job = await jobWithStatus.running(fixture, fields);
    await fixture.store.cancel(job.id, { error: reason });
    return job;
  },
};

async function settled(
  fixture: Fixture,
  change: Change,
  fields: Partial<JobInput> | undefined,
): Promise<Subject> {
  const job = await jobWithStatus.running(fixture, fields);
  await fixture.settle(job, change);
  return job;
}

function neverHeld({ id }: { readonly id: string }): Subject {
  return { id, leaseToken: crypto.randomUUID() };
}
