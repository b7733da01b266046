/** A table of the jobs of one trace: their order, and for how long each waited and ran. */
import { type JobQueue, type Timeline, timeline, type TimelineRow } from "../../../mod.ts";
import type { JobSummary } from "../../../src/signatures.ts";
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
  const times = timeline(await queue.tree({ traceId }));
  const placed = inOrder([...times.rows.values()]);
  const rows = placed.map((one) => cellsOf(one, times));
  const [head, ...lines] = columns([HEAD, ...rows], ALIGN_RIGHT).split("\n");
  return [
    `Timeline of ${times.roots[0]?.job.correlationId} in ms, trace ${traceId}`,
    "",
    head,
    ...lines.flatMap((line, i) => [line, ...failuresOf(placed[i]!, times)]),
    "",
    `To look it up: queue.find({ traceId: "${traceId}" })`,
  ].join("\n");
}

/** A row and its place in the table. */
interface PlacedRow {
  readonly row: TimelineRow;
  readonly depth: number;
}

function inOrder(rows: readonly TimelineRow[]): readonly PlacedRow[] {
  const ids = new Set(rows.map(({ job }) => job.id));
  const below = (id: string | undefined, depth: number): PlacedRow[] =>
    rows.filter(({ job }) => ids.has(aboveOf(job) ?? "") ? aboveOf(job) === id : id === undefined)
      .flatMap((row) => [{ row, depth }, ...below(row.job.id, depth + 1)]);
  return below(undefined, 0);
}

/** The job to show a job under: the parent, else a dependency. */
function aboveOf({ parentId, dependsOn }: JobSummary): string | undefined {
  return parentId ?? dependsOn[0];
}

function cellsOf({ row, depth }: PlacedRow, times: Timeline): readonly string[] {
  const { job, runs, waitedMs, ranMs } = row;
  const above = times.rows.get(aboveOf(job) ?? "");
  return [
    "  ".repeat(depth) + job.queueName,
    job.status,
    String(job.attempts),
    runs[0] === undefined ? "-" : String(runs[0].from - times.from),
    String(waitedMs),
    String(ranMs),
    above === undefined ? "-" : (job.parentId ? "" : "after ") + above.job.queueName,
  ];
}

/** A line for each failed attempt; its end is on the scale of the column `start`. */
function failuresOf({ row, depth }: PlacedRow, { from }: Timeline): readonly string[] {
  return row.runs.filter(({ isFailure }) => isFailure).map(({ attempt, to }) => {
    const { outcome, error } = attempt;
    const what = `attempt ${attempt.attempt} ${outcome.replace("_", " ")} at ${to - from}`;
    return "  ".repeat(depth + 2) + (error ? `${what}: ${error.message}` : what);
  });
}
