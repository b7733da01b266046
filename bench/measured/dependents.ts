/**
 * Jobs that wait for others: stored by one call, and freed by the jobs that they wait for.
 *
 * @module
 */
import { job, JobQueue, type NewJob, type Store } from "../../mod.ts";
import { quantile } from "../report/figures.ts";
import { standingOf } from "./checked.ts";
import { openStore } from "./open_store.ts";
import { type Trivial, trivialJob, trivialPayload } from "./trivial.ts";

/** What the jobs of a call wait for. */
export const workflowForms = ["pairs", "a chain", "all for the first"] as const;

/** One of these forms. */
export type WorkflowForm = typeof workflowForms[number];

/** How many calls, of how many jobs. */
export interface WorkflowCalls {
  readonly address: string;
  readonly form: WorkflowForm;
  readonly calls: number;
  readonly perCall: number;
}

/** Jobs stored in a second by calls whose jobs wait for each other. */
export async function enqueueWorkflows(
  { address, form, calls, perCall }: WorkflowCalls,
): Promise<number> {
  await using queue = new JobQueue<{ trivial: Trivial }>({ store: await openStore(address) });
  await queue.enqueue(workflow(form, perCall));
  const startedAt = performance.now();
  for (let i = 0; i < calls; i++) await queue.enqueue(workflow(form, perCall));
  const seconds = (performance.now() - startedAt) / 1_000;
  const stored = Object.values(await standingOf(queue)).reduce((sum, count) => sum + count, 0);
  if (stored !== (calls + 1) * perCall) {
    throw new Error(`${(calls + 1) * perCall} jobs must be stored: got ${stored}`);
  }
  return calls * perCall / seconds;
}

function workflow(form: WorkflowForm, size: number): readonly NewJob<"trivial", Trivial>[] {
  const jobs: NewJob<"trivial", Trivial>[] = [];
  for (let n = 0; n < size; n++) {
    const earlier = { pairs: n - 1, "a chain": n - 1, "all for the first": 0 }[form];
    const waits = form === "pairs" ? n % 2 === 1 : n > 0;
    const dependsOn = waits ? [jobs[earlier]!] : [];
    jobs.push(job("trivial", trivialPayload(n), { correlationId: `order-${n}`, dependsOn }));
  }
  return jobs;
}

/** How many jobs, and how many wait for each. */
export interface Awaited {
  readonly address: string;
  readonly jobs: number;
  readonly dependents: number;
}

/** What a job took, in µs. */
export interface Completed {
  /** Of many that were drained. */
  readonly amongMany: number;
  /** Of one by itself, claimed before: the median. */
  readonly alone: number;
}

type Queues = { trivial: Trivial; later: Trivial };

/** Completes jobs for which others wait, in a queue where nobody works. */
export async function completeAwaited(
  { address, jobs, dependents }: Awaited,
): Promise<Completed> {
  const store = await openStore(address);
  await using queue = new JobQueue<Queues>({ store });
  await enqueueAwaited(queue, jobs, dependents);
  const worker = queue.worker("trivial", () => {});
  const startedAt = performance.now();
  const { completed } = await worker.tick();
  const took = performance.now() - startedAt;
  if (completed !== jobs) throw new Error(`${jobs} jobs must complete: got ${completed}`);
  const few = 100;
  await enqueueAwaited(queue, few, dependents);
  const alone = await completeOneByOne(store, few);
  const { blocked = 0 } = await standingOf(queue);
  if (blocked > 0) throw new Error(`No job must wait any more: got ${blocked}`);
  return { amongMany: 1_000 * took / jobs, alone: 1_000 * quantile(alone, 0.5) };
}

async function enqueueAwaited(
  queue: JobQueue<Queues>,
  jobs: number,
  dependents: number,
): Promise<void> {
  for (let first = 0; first < jobs; first += 100) {
    const awaited = Array.from(
      { length: Math.min(100, jobs - first) },
      (_, i) => trivialJob(first + i),
    );
    const waiting = awaited.flatMap((dependency, i) =>
      Array.from(
        { length: dependents },
        () => job("later", trivialPayload(first + i), { dependsOn: [dependency] }),
      )
    );
    await queue.enqueue([...awaited, ...waiting]);
  }
}

async function completeOneByOne(store: Store, jobs: number): Promise<readonly number[]> {
  const took: number[] = [];
  const claims = [{ queueName: "trivial", limit: 1, leaseMs: 30_000 }];
  for (let i = 0; i < jobs; i++) {
    const { claimed: [one] } = await store.settleAndClaim({ settlements: [], claims });
    const { id: jobId, leaseToken } = one!;
    const change = { status: "completed", outcome: "completed" } as const;
    const settlements = [{ jobId, leaseToken, change, runMs: 1 }];
    const startedAt = performance.now();
    const { settled } = await store.settleAndClaim({ settlements, claims: [] });
    took.push(performance.now() - startedAt);
    if (settled[0] !== "held") throw new Error(`The outcome must be recorded: got ${settled[0]}`);
  }
  return took;
}
