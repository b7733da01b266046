/** Changes of many jobs against a model: what each of some jobs must be after all passes of a change. */
import assert from "node:assert/strict";
import { describe } from "node:test";
import fc from "fast-check";
import {
  changeableStatuses,
  type ChangeFilter,
  hasEnded,
  type JobInput,
  type JobRecord,
  type JobStatus,
  jobStatuses,
  type MassChange,
} from "../../src/store.ts";
import type { Fixture, TestStore } from "./fixture.ts";
import { completed, failed, jobInput, newJobId, reason, retrying } from "./inputs.ts";

/** How a job comes to the status that it has before the change. */
type Story = "left" | "cancelled" | "completed" | "failed" | "retrying" | "running";

interface Drawn {
  readonly story: Story;
  readonly order: number;
  readonly delayMs: number;
  readonly dependsOn: readonly number[];
  readonly onDependencyFailure: JobInput["onDependencyFailure"];
}

const drawn: fc.Arbitrary<Drawn> = fc.record({
  story: fc.constantFrom<Story>("left", "cancelled", "completed", "failed", "retrying", "running"),
  order: fc.nat({ max: 1 }),
  delayMs: fc.constantFrom(0, 0, 0, 1_000),
  dependsOn: fc.array(fc.nat({ max: 100 }), { maxLength: 2 }),
  onDependencyFailure: fc.constantFrom("cancel" as const, "cancel" as const, "run" as const),
});

const change: fc.Arbitrary<MassChange> = fc.oneof(
  fc.constant({ type: "cancel" as const, error: reason }),
  fc.record({
    type: fc.constant("retry" as const),
    dependents: fc.constant(false),
    force: fc.boolean(),
  }),
  fc.record({
    type: fc.constant("reschedule" as const),
    delayMs: fc.constantFrom(0, 5_000),
    priority: fc.constantFrom(undefined, 7),
  }),
  fc.constant({ type: "delete" as const }),
);

const filter = fc.record({
  order: fc.option(fc.nat({ max: 1 }), { nil: undefined }),
  statuses: fc.option(fc.uniqueArray(fc.constantFrom(...jobStatuses)), {
    nil: undefined,
    freq: 2,
  }),
});

export function describeActingOnManyModel(test: TestStore): void {
  describe("any change of any jobs", () => {
    test("changes those that match as the model says, whatever a pass has room for", async (fixture) => {
      const jobs = fc.array(drawn, { minLength: 1, maxLength: 12 });
      const limit = fc.integer({ min: 1, max: 5 });
      const property = fc.asyncProperty(jobs, change, filter, limit, async (...asked) => {
        await changeAndCompare(fixture, ...asked);
      });
      await fc.assert(property, { numRuns: 40 });
    });
  });
}

async function changeAndCompare(
  fixture: Fixture,
  jobs: readonly Drawn[],
  massChange: MassChange,
  asked: { readonly order?: number | undefined; readonly statuses?: JobStatus[] | undefined },
  limit: number,
): Promise<void> {
  // A queue for each run: then one store is enough for all.
  const queueName = `q${newJobId()}`;
  const before = await tell(fixture, queueName, jobs);
  const changeFilter: ChangeFilter = {
    queueNames: [queueName],
    correlationId: asked.order === undefined ? undefined : `${queueName} ${asked.order}`,
    statuses: asked.statuses,
  };
  const { after, changed, refused } = modelOf(before, changeFilter, massChange, limit, fixture);
  const { type } = massChange;
  assert.equal(await fixture.store.countMatching(changeFilter, type, 100), changed + refused);
  const sum = { changed: 0, refused: 0 };
  let place: number | undefined;
  do {
    const rest = { ...changeFilter, after: place };
    const pass = await fixture.store.change(rest, massChange, { limit });
    assert.ok(pass.changed + pass.refused <= limit);
    sum.changed += pass.changed;
    sum.refused += pass.refused;
    place = pass.after;
  } while (place !== undefined);
  for (const { id } of before) {
    const job = await fixture.store.get(id);
    const { status, runAt, priority } = job ?? {};
    assert.deepEqual(job && { status, runAt, priority }, after.get(id));
  }
  // A dependent that a pass before has ended is not counted by the next one.
  if (type !== "cancel") assert.deepEqual(sum, { changed, refused });
}

/** Adds the jobs and brings them where their stories lead. */
async function tell(
  fixture: Fixture,
  queueName: string,
  jobs: readonly Drawn[],
): Promise<readonly JobRecord[]> {
  const { store, addAll, claim, settle, get } = fixture;
  const inputs: JobInput[] = [];
  for (const { order, delayMs, dependsOn, onDependencyFailure } of jobs) {
    const earlier = dependsOn.flatMap((number) => inputs[number % inputs.length]?.id ?? []);
    inputs.push(jobInput({
      queueName,
      correlationId: `${queueName} ${order}`,
      delayMs,
      dependsOn: [...new Set(earlier)],
      onDependencyFailure,
    }));
  }
  await addAll(inputs);
  const storyOf = new Map(inputs.map(({ id }, i) => [id, jobs[i]!.story]));
  for (let found = await claim({ queueName }); found.length > 0;) {
    for (const job of found) {
      const story = storyOf.get(job.id)!;
      if (story === "completed") await settle(job, completed);
      else if (story === "failed") await settle(job, failed);
      else if (story === "retrying") await settle(job, retrying);
      else if (story === "cancelled") await store.cancel(job.id, { error: reason });
    }
    found = await claim({ queueName });
  }
  for (const { id } of inputs) {
    if (storyOf.get(id) === "cancelled") await store.cancel(id, { error: reason });
  }
  return await Promise.all(inputs.map(({ id }) => get(id)));
}

type Stand = Pick<JobRecord, "status" | "runAt" | "priority">;

/** How each job must stand after all passes of the change; a deleted one has no entry. */
function modelOf(
  jobs: readonly JobRecord[],
  { correlationId, statuses = jobStatuses }: ChangeFilter,
  massChange: MassChange,
  limit: number,
  { clock }: Fixture,
): {
  readonly after: ReadonlyMap<string, Stand>;
  readonly changed: number;
  readonly refused: number;
} {
  const now = clock.now();
  const after = new Map<string, Stand>(
    jobs.map(({ id, status, runAt, priority }) => [id, { status, runAt, priority }]),
  );
  const matches = (job: JobRecord, status: JobStatus) =>
    statuses.includes(status) && changeableStatuses[massChange.type].includes(status) &&
    (correlationId ?? job.correlationId) === job.correlationId;
  const matching = jobs.filter((job) => matches(job, job.status));
  const set = ({ id }: JobRecord, stand: Partial<Stand>) =>
    after.set(id, { ...after.get(id)!, ...stand });
  const statusOf = (id: string) => after.get(id)?.status ?? "completed";
  const unfinished = ({ dependsOn }: JobRecord) =>
    dependsOn.filter((id) => !hasEnded(statusOf(id)));
  const hasFailed = ({ dependsOn }: JobRecord) =>
    dependsOn.some((id) => statusOf(id) === "failed" || statusOf(id) === "cancelled");
  if (massChange.type === "cancel") {
    // What a pass has set free or ended is no longer blocked when the next one looks for such jobs; and
    // there is a next one only if a later job matched when this one looked.
    for (let rest = jobs; rest.length > 0;) {
      const found = rest.filter((job) => matches(job, after.get(job.id)!.status));
      const pass = found.slice(0, limit);
      for (const job of pass) set(job, { status: "cancelled" });
      followEnds(jobs, after, set, now);
      rest = found.length > limit ? rest.slice(rest.indexOf(pass.at(-1)!) + 1) : [];
    }
    return { after, changed: matching.length, refused: 0 };
  }
  let changed = 0;
  for (const job of matching) {
    if (massChange.type === "delete") {
      if (jobs.some((one) => !hasEnded(one.status) && one.dependsOn.includes(job.id))) continue;
      after.delete(job.id);
    } else if (massChange.type === "retry") {
      const isHindered = job.onDependencyFailure === "cancel" && hasFailed(job);
      if (isHindered && massChange.force !== true) continue;
      set(job, { status: unfinished(job).length > 0 ? "blocked" : "ready", runAt: now });
    } else {
      const isDue = massChange.delayMs === 0;
      const later = job.status === "retrying" ? "retrying" : "scheduled";
      set(job, {
        runAt: isDue ? Math.min(job.runAt, now) : now + massChange.delayMs!,
        ...job.status !== "blocked" && { status: isDue ? "ready" : later },
        ...massChange.priority !== undefined && { priority: massChange.priority },
      });
    }
    changed++;
  }
  return { after, changed, refused: matching.length - changed };
}

/** Blocked jobs follow what was cancelled: dependencies come before their dependents. */
function followEnds(
  jobs: readonly JobRecord[],
  after: ReadonlyMap<string, Stand>,
  set: (job: JobRecord, stand: Partial<Stand>) => void,
  now: number,
): void {
  for (const job of jobs) {
    if (after.get(job.id)!.status !== "blocked") continue;
    const stands = job.dependsOn.map((id) => after.get(id)!.status);
    const isCancelled = job.onDependencyFailure === "cancel" &&
      stands.some((status) => status === "failed" || status === "cancelled");
    if (isCancelled) set(job, { status: "cancelled" });
    else if (stands.every(hasEnded)) {
      const runAt = Math.max(job.runAt, now);
      set(job, { status: runAt <= now ? "ready" : "scheduled", runAt });
    }
  }
}
