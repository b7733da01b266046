import assert from "node:assert/strict";
import type { JobStatus } from "../../src/job/status.ts";
import type { JobInput, JobRecord } from "../../src/job/record.ts";
import type {
  Added,
  Change,
  Claim,
  ClaimedJob,
  ExpiredJob,
  LeaseState,
  Settlement,
  Store,
} from "../../src/store/store.ts";
import type { ManualClock } from "../runtimes/manual_clock.ts";
import { defaultQueue, jobInput } from "./job_input.ts";
import { type Holder, leaseOf, settlement } from "./settlement.ts";

/** A store of its own for one test, the store's clock, and short words for what is often said. */
export interface Scene {
  readonly store: Store;
  readonly clock: ManualClock;
  /** Adds one job. */
  readonly add: (fields?: Partial<JobInput>) => Promise<JobRecord>;
  /** Adds jobs in one call. */
  readonly addAll: (all: readonly Partial<JobInput>[]) => Promise<readonly Added[]>;
  /** Claims as many as there are, or up to a limit. */
  readonly claim: (claim?: Partial<Claim>) => Promise<readonly ClaimedJob[]>;
  /** Claims the next job, which must be there. */
  readonly claimOne: (claim?: Partial<Claim>) => Promise<ClaimedJob>;
  /** Records that an attempt has begun. */
  readonly begin: (job: Holder, leaseMs: number) => Promise<LeaseState>;
  /** Records one outcome. */
  readonly settle: (job: Holder, change: Change, more?: Partial<Settlement>) => Promise<LeaseState>;
  /** A job that must be there. */
  readonly get: (id: string) => Promise<JobRecord>;
  /** Where a job that must be there stands. */
  readonly statusOf: (id: string) => Promise<JobStatus>;
  /** Sweeps expired leases and removes nothing. */
  readonly sweep: (limit?: number) => Promise<readonly ExpiredJob[]>;
}

export function newScene(store: Store, clock: ManualClock): Scene {
  const addAll: Scene["addAll"] = (all) => store.add(all.map(jobInput));
  const claim: Scene["claim"] = async (fields) => {
    const wanted = { queueName: defaultQueue, limit: 10_000, leaseMs: 60_000, ...fields };
    const { claimed } = await store.settleAndClaim({ settlements: [], claims: [wanted] });
    return claimed;
  };
  const get: Scene["get"] = async (id) => {
    const job = await store.get(id);
    assert.ok(job, `The job ${id} must be stored`);
    return job;
  };
  return {
    store,
    clock,
    addAll,
    claim,
    get,
    add: async (fields = {}) => {
      const [{ job } = {}] = await addAll([fields]);
      assert.ok(job?.payload !== undefined, "A job must be answered whole");
      return { ...job, payload: job.payload };
    },
    claimOne: async (fields) => {
      const [job] = await claim({ ...fields, limit: 1 });
      assert.ok(job, "A job must be ready to be claimed");
      return job;
    },
    begin: async (job, leaseMs) => {
      const [state] = await store.extend([{ ...leaseOf(job), attempt: "begins" }], leaseMs);
      return state!;
    },
    settle: async (job, change, more) => {
      const settlements = [settlement(job, change, more)];
      const { settled } = await store.settleAndClaim({ settlements, claims: [] });
      assert.equal(settled.length, 1);
      return settled[0]!;
    },
    statusOf: async (id) => (await get(id)).status,
    sweep: async (limit = 1_000) => {
      const { expired } = await store.maintain({ retentionMs: Number.MAX_SAFE_INTEGER, limit });
      return expired;
    },
  };
}
