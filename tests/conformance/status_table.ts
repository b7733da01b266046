/** The table of statuses: every way in it can be gone, and no operation leads where it has none. */
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type Change,
  type Extension,
  hasEnded,
  type JobInput,
  type JobStatus,
  jobStatuses,
  statusTransitions,
} from "../../src/store.ts";
import { definedFields } from "./answers.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import {
  completed,
  failed,
  leaseOf,
  neverStarted,
  reason,
  released,
  retrying,
  snoozed,
} from "./inputs.ts";
import { jobWithStatus, type Subject } from "./job_with_status.ts";

const table = jobStatuses.flatMap((from) =>
  Object.entries(statusTransitions[from]).map(([to, when]) => ({ from, to: to as JobStatus, when }))
);

/** Walks the table of statuses: an entry that has no way here is a test that fails. */
export function describeStatusTable(test: TestStore): void {
  describe("the table of statuses", () => {
    for (const [to, when] of Object.entries(statusTransitions.new)) {
      test(`new -> ${to}: ${when}`, async (fixture) => {
        const addition = additions[to];
        assert.ok(addition, "Each entry of the table must have a way");
        assert.equal(await fixture.statusOf((await addition(fixture)).id), to);
      });
    }

    for (const { from, to, when } of table) {
      const known = ways[`${from} -> ${to}`];
      if (known === undefined) {
        it(`${from} -> ${to}: ${when}`, () => assert.fail("Each entry must have a way"));
      }
      for (const { name, fields, bring = jobWithStatus[from], go } of known ?? []) {
        test(`${from} -> ${to}: ${when} (${name})`, async (fixture) => {
          const job = await bring(fixture, fields);
          assert.equal(await fixture.statusOf(job.id), from);
          await go(fixture, job);
          assert.equal(await fixture.statusOf(job.id), to);
        });
      }
    }

    it("knows every way that is tested", () => {
      const entries = new Set(table.map(({ from, to }) => `${from} -> ${to}`));
      for (const way of Object.keys(ways)) assert.ok(entries.has(way), way);
      for (const to of Object.keys(additions)) assert.ok(to in statusTransitions.new, to);
    });

    it("leads on from every status by itself but from those that are an end", () => {
      for (const status of jobStatuses) {
        const onward = Object.values(statusTransitions[status]).filter((when) =>
          !when.startsWith("a caller retried it")
        );
        assert.equal(onward.length === 0, hasEnded(status), status);
      }
    });
  });
}

/** A way to move a job from one status to another. */
interface Way {
  readonly name: string;
  /** What is special about the job that goes this way. */
  readonly fields?: Partial<JobInput>;
  /** Brings a job where this way begins, if not just any such job can go it. */
  readonly bring?: (fixture: Fixture) => Promise<Subject>;
  readonly go: (fixture: Fixture, job: Subject) => Promise<unknown>;
}

/** For each status that a new job can have, a job that gets it. */
const additions: Readonly<Record<string, (fixture: Fixture) => Promise<{ id: string }>>> = {
  ready: ({ add }) => add(),
  scheduled: ({ add }) => add({ delayMs: 1_000 }),
  blocked: (fixture) => jobWithStatus.blocked(fixture),
  cancelled: async (fixture) => {
    const { id } = await jobWithStatus.failed(fixture);
    return await fixture.add({ dependsOn: [id] });
  },
};

const byCaller: Way = {
  name: "by a caller",
  go: ({ store }, { id }) => store.cancel(id, { error: reason }),
};
const retriedByCaller: Way = { name: "by a caller", go: ({ store }, { id }) => store.retry(id) };
function rescheduled(delayMs: number): Way {
  return {
    name: "by a caller",
    go: ({ store }, { id }) =>
      store.change({ ids: [id] }, { type: "reschedule", delayMs }, { limit: 1 }),
  };
}
const dueBesideAnother: Way = {
  name: "while a worker claims another",
  go: async ({ add, clock, claimOne }) => {
    await add({ priority: 1 });
    clock.pass(1_000);
    await claimOne();
  },
};

/** For each entry of the table every way through the seam that leads there. */
const ways: Readonly<Record<string, readonly Way[]>> = {
  "scheduled -> ready": [dueBesideAnother, rescheduled(0)],
  "scheduled -> cancelled": [byCaller],
  "blocked -> ready": [
    { name: "the dependency completed", go: endDependency(completed) },
    {
      name: "the dependency failed, and it runs anyway",
      fields: { onDependencyFailure: "run" },
      go: endDependency(failed),
    },
    {
      name: "the dependency was cancelled, and it runs anyway",
      fields: { onDependencyFailure: "run" },
      go: cancelDependency,
    },
  ],
  "blocked -> scheduled": [
    { name: "by the end", fields: { delayMs: 1_000 }, go: endDependency(completed) },
  ],
  "blocked -> cancelled": [
    byCaller,
    { name: "the dependency failed", go: endDependency(failed) },
    { name: "the dependency was cancelled", go: cancelDependency },
  ],
  "ready -> running": [{ name: "by a claim", go: ({ claimOne }) => claimOne() }],
  "ready -> cancelled": [byCaller],
  "ready -> scheduled": [rescheduled(1_000)],
  "running -> completed": [{ name: "by its holder", go: settled(completed) }],
  "running -> scheduled": [{ name: "by its holder", go: settled(snoozed) }],
  "running -> retrying": [
    { name: "by its holder", go: settled(retrying) },
    { name: "lease expired after its start", go: outliveTheLease("running") },
  ],
  "running -> ready": [
    { name: "released after its start", go: settled(released) },
    { name: "released before its start", go: settled(neverStarted) },
    { name: "lease expired before its start", go: outliveTheLease("waits") },
  ],
  "running -> failed": [
    { name: "by its holder", go: settled(failed) },
    {
      name: "last lease expired after its start",
      fields: { maxAttempts: 1 },
      go: outliveTheLease("running"),
    },
  ],
  "running -> cancelled": [byCaller],
  "retrying -> ready": [dueBesideAnother, rescheduled(0)],
  "retrying -> cancelled": [byCaller],
  "failed -> ready": [retriedByCaller],
  "failed -> blocked": [
    {
      name: "what it ran after anyway was retried before",
      bring: async (fixture) => {
        const job = await endedAfterItsDependency(fixture, { onDependencyFailure: "run" });
        await fixture.settle(await fixture.claimOne(), failed);
        return job;
      },
      go: retryAfterItsDependency,
    },
  ],
  "cancelled -> ready": [retriedByCaller],
  "cancelled -> blocked": [
    {
      name: "by a caller, while what it depends on has not ended",
      bring: async (fixture) => {
        const job = await jobWithStatus.blocked(fixture);
        await fixture.store.cancel(job.id, { error: reason });
        return job;
      },
      go: retriedByCaller.go,
    },
    {
      name: "with what it depends on",
      bring: endedAfterItsDependency,
      go: ({ store }, { dependency }) => store.retry(dependency!),
    },
  ],
};

function settled(change: Change): Way["go"] {
  return (fixture, job) => fixture.settle(job, change);
}

function endDependency(change: Change): Way["go"] {
  return async (fixture) =>
    fixture.settle(await fixture.claimOne({ queueName: "dependencies" }), change);
}

function cancelDependency({ store }: Fixture, { dependency }: Subject): Promise<unknown> {
  return store.cancel(dependency!, { error: reason });
}

function outliveTheLease(attempt: Extension["attempt"]): Way["go"] {
  return async ({ store, clock, sweep }, job) => {
    await store.extend([{ ...leaseOf(job), attempt }], { leaseMs: 1_000 });
    clock.pass(1_001);
    await sweep();
  };
}

/** A job whose dependency has failed. */
async function endedAfterItsDependency(
  fixture: Fixture,
  fields?: Partial<JobInput>,
): Promise<Subject> {
  const job = await jobWithStatus.blocked(fixture, fields);
  await endDependency(failed)(fixture, job);
  return job;
}

async function retryAfterItsDependency(
  { store }: Fixture,
  { id, dependency }: Subject,
): Promise<void> {
  await store.retry(dependency!);
  await store.retry(id);
}

type Operation = (fixture: Fixture, job: Subject) => Promise<unknown>;

const changes = { completed, failed, retrying, snoozed, released, neverStarted };

const settlements: Readonly<Record<string, Operation>> = Object.fromEntries(
  Object.entries(changes).flatMap(([name, change]): [string, Operation][] => [
    [`settling it as ${name}`, (fixture, job) => fixture.settle(job, change)],
    [
      `settling it as ${name} with a stale token`,
      (fixture, { id }) => fixture.settle({ id, leaseToken: crypto.randomUUID() }, change),
    ],
  ]),
);

const operations: Readonly<Record<string, Operation>> = {
  ...settlements,
  "claiming": ({ claim }) => claim(),
  "cancelling it": ({ store }, { id }) => store.cancel(id, { error: reason }),
  "extending its lease": ({ store }, job) => store.extend([leaseOf(job)], { leaseMs: 5_000 }),
  "maintain": ({ sweep }) => sweep(),
  "maintenance after its lease": async ({ clock, sweep }) => {
    clock.pass(1_001);
    await sweep();
  },
  "the passing of time": async ({ clock }) => {
    clock.pass(3_600_000);
    await Promise.resolve();
  },
  "claiming after the passing of time": async ({ clock, claim }) => {
    clock.pass(3_600_000);
    await claim();
  },
  "adding it again": ({ add }, { id }) => add({ id, delayMs: 5_000 }),
};

export function describeOperations(test: TestStore): void {
  describe("every operation leads only where the table allows", () => {
    for (const status of jobStatuses) {
      for (const [name, operate] of Object.entries(operations)) {
        test(`${name}, when it is ${status}`, async (fixture) => {
          const job = await jobWithStatus[status](fixture);
          const before = definedFields(await fixture.get(job.id));
          assert.equal(before.status, status);
          await operate(fixture, job);
          const after = definedFields(await fixture.get(job.id));
          assert.ok(
            isAllowed(status, after.status!, name.startsWith("claiming")),
            `${status} -> ${after.status} must stand in the table`,
          );
          if (hasEnded(status)) assert.deepEqual(after, before);
        });
      }
    }
  });
}

/** A claim may make a job ready and take it in one step. */
function isAllowed(from: JobStatus, to: JobStatus, isClaim: boolean): boolean {
  const isEntry = (from: JobStatus, to: JobStatus) => to in statusTransitions[from];
  if (from === to || isEntry(from, to)) return true;
  return isClaim && isEntry(from, "ready") && isEntry("ready", to);
}
