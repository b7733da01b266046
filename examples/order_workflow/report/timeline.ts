/** A table of the jobs of one trace: their order, and for how long each waited and ran. */
import type { Job, JobQueue } from "../../../mod.ts";
import type { Queues } from "../workflow.ts";
import { columns } from "./text.ts";

const HEAD = ["queue", "status", "attempts", "start", "wait", "run", "parent"];
const ALIGN_RIGHT = [2, 3, 4, 5];

/** The trace of the newest order whose payment was tried more than once, else of the newest. */
export async function traceToShow(queue: JobQueue<Queues>): Promise<string | undefined> {
  const { jobs } = await queue.find({ queueName: "payment_queue", limit: 1_000 });
  return (jobs.find(({ attempts }) => attempts > 1) ?? jobs[0])?.traceId;
}

/** The jobs of a trace, each indented below its parent or the job that it depends on. */
export async function timelineOf(queue: JobQueue<Queues>, traceId: string): Promise<string> {
  // Newest first; a timeline starts with the oldest.
  const jobs = [...(await queue.find({ traceId, limit: 1_000 })).jobs].reverse();
  const placed = inTreeOrder(jobs);
  const rows = placed.map((one) => rowOf(one, jobs));
  const [head, ...lines] = columns([HEAD, ...rows], ALIGN_RIGHT).split("\n");
  const notes = await Promise.all(placed.map((one) => failuresOf(queue, one, jobs[0]?.createdAt)));
  return [
    `Timeline of ${jobs[0]?.correlationId} in ms, trace ${traceId}`,
    "",
    head,
    ...lines.flatMap((line, i) => [line, ...notes[i] ?? []]),
    "",
    `To look it up: queue.find({ traceId: "${traceId}" })`,
  ].join("\n");
}

/** A job and its place in the tree. */
interface Placed {
  readonly job: Job;
  readonly depth: number;
}

function inTreeOrder(jobs: readonly Job[]): readonly Placed[] {
  const ids = new Set(jobs.map(({ id }) => id));
  const below = (id: string | undefined, depth: number): Placed[] =>
    jobs.filter((job) => ids.has(aboveOf(job) ?? "") ? aboveOf(job) === id : id === undefined)
      .flatMap((job) => [{ job, depth }, ...below(job.id, depth + 1)]);
  return below(undefined, 0);
}

/** The job to be placed under: the parent, or else the first dependency. */
function aboveOf({ parentId, dependsOn }: Job): string | undefined {
  return parentId ?? dependsOn[0];
}

function rowOf({ job, depth }: Placed, jobs: readonly Job[]): readonly string[] {
  const { queueName, status, attempts, startedAt, finishedAt, parentId } = job;
  const above = jobs.find(({ id }) => id === aboveOf(job));
  return [
    "  ".repeat(depth) + queueName,
    status,
    String(attempts),
    msBetween(jobs[0]?.createdAt, startedAt),
    msBetween(job.runAt, startedAt),
    msBetween(startedAt, startedAt && finishedAt),
    above === undefined ? "-" : (parentId ? "" : "after ") + above.queueName,
  ];
}

function msBetween(from: Date | undefined, to: Date | undefined): string {
  return from && to ? String(to.getTime() - from.getTime()) : "-";
}

/** A line for each failed attempt; its end is on the scale of the column `start`. */
async function failuresOf(
  queue: JobQueue<Queues>,
  { job, depth }: Placed,
  origin: Date | undefined,
): Promise<readonly string[]> {
  const attempts = (await queue.get(job.id))?.attemptHistory ?? [];
  return attempts.flatMap(({ attempt, outcome, finishedAt, error }) => {
    if (finishedAt === undefined || outcome === "completed") return [];
    const end = finishedAt.getTime() - (origin?.getTime() ?? 0);
    const what = `attempt ${attempt} ${outcome.replace("_", " ")} at ${end}`;
    return "  ".repeat(depth + 2) + (error ? `${what}: ${error.message}` : what);
  });
}
