/** What a test of a store has at hand: the store, its clock, and short calls for what is done often. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type {
  AddedJob,
  Change,
  Claim,
  ClaimedJob,
  ExpiredJob,
  JobInput,
  JobRecord,
  JobStatus,
  LeaseState,
  Settlement,
  Store,
} from "../../src/store.ts";
import { type ManualClock, manualClock } from "./manual_clock.ts";
import { defaultQueue, type Holder, jobInput, leaseOf, settlement } from "./inputs.ts";

/** Opens an empty store that takes its time from the given clock. */
export type OpenStore = (options: { readonly now: () => number }) => Promise<OpenedStore>;

/** A store, and how to be rid of it and of all that it left behind. */
export interface OpenedStore {
  /** The store. */
  readonly store: Store;
  /** Closes it and removes what it left behind. */
  close(): Promise<void>;
}

/** A part of the contract that a store may do without. */
export type OptionalPart = "notices" | "traceEnds";

/** What a store is asked to do. */
export interface SuiteOptions {
  /** How many jobs there are at most in a row, each waiting for the one before. Default 5,000. */
  readonly chainLength?: number | undefined;
  /** Parts that it does without; their tests are left out. Default none. */
  readonly without?: readonly OptionalPart[] | undefined;
}

/** The same, all of it decided. */
export type Suite = { readonly [Key in keyof SuiteOptions]-?: NonNullable<SuiteOptions[Key]> };

/** Defines a test that gets a store of its own; perhaps one that is about an optional part. */
export type TestStore = (
  sentence: string,
  body: (fixture: Fixture) => Promise<void>,
  part?: OptionalPart,
) => void;

/** Binds the tests to one kind of store. */
export function testsOf(
  open: OpenStore,
  { without }: Pick<Suite, "without"> = { without: [] },
): TestStore {
  return (sentence, body, part) => {
    if (part !== undefined && without.includes(part)) return;
    test(sentence, async () => {
      const clock = manualClock();
      const { store, close } = await open({ now: clock.now });
      try {
        if (!without.includes("traceEnds")) await askForTraceEnds(store);
        await body(newFixture(store, clock));
      } finally {
        await close();
      }
    });
  };
}

/** As a worker with a hook does at its start: a store may keep ends of traces for those who ask alone. */
export async function askForTraceEnds({ traceEnds }: Store): Promise<void> {
  assert.deepEqual(await traceEnds?.claim({ limit: 1, leaseMs: 1 }) ?? [], []);
}

/** A store of its own for one test, the store's clock, and short words for what is often said. */
export interface Fixture {
  readonly store: Store;
  readonly clock: ManualClock;
  /** Adds one job. */
  readonly add: (fields?: Partial<JobInput>) => Promise<JobRecord>;
  /** Adds jobs in one call. */
  readonly addAll: (all: readonly Partial<JobInput>[]) => Promise<readonly AddedJob[]>;
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

export function newFixture(store: Store, clock: ManualClock): Fixture {
  const addAll: Fixture["addAll"] = (all) => store.add(all.map(jobInput));
  const claim: Fixture["claim"] = async (fields) => {
    const wanted = { queueName: defaultQueue, limit: 10_000, leaseMs: 60_000, ...fields };
    const { claimed } = await store.settleAndClaim({ settlements: [], claims: [wanted] });
    return claimed;
  };
  const get: Fixture["get"] = async (id) => {
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
      const [state] = await store.extend([{ ...leaseOf(job), attempt: "begins" }], { leaseMs });
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
