/**
 * `hammerwork job show`.
 *
 * @module
 */
import { distanceText, durationText } from "../../duration.ts";
import { outcomeText } from "../../queue/timeline.ts";
import type { Attempt, Job, JobOperation, JobWithAttempts } from "../../job/job.ts";
import type { JobError } from "../../job/record.ts";
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import { withQueue } from "../open_queue.ts";
import { printJson, printLines } from "../print.ts";
import { columnsOf, statusColor, type Style, styleOf } from "../text/style.ts";
import { printable, wrapped } from "../text/width.ts";

/** Shows one job. */
export const jobShow: Command = {
  name: "job show",
  summary: "Shows one job and its attempts.",
  operands: [{ name: "ID" }],
  options: {
    "include-tracing": { help: "also its trace, correlation id, parent and spans" },
  },
  notes: "ID is a whole id, or at least the last 6 digits of the id of one of the newest\n" +
    "10,000 jobs. A terminal cuts long values off; --json prints everything.",
  examples: ["job show abc123 --include-tracing", "job show abc123 --json"],
  run: async (args, io) => {
    const style = styleOf(io);
    const job = await withQueue(args, io, async (queue) => {
      const id = await findJobId(queue, args.operands[0]!, style);
      const found = await queue.get(id);
      if (found === undefined) throw new FailedError(`There is no job ${id}`);
      return found;
    });
    if (args.has("json")) return await printJson(io.stdout, job);
    await printLines(io.stdout, jobDetails(job, args.has("include-tracing"), Date.now(), style));
  },
};

type Line = readonly [
  name: string,
  text: string | undefined,
  /** Paints its first line. */
  paint?: (text: string) => string,
];

const NAME_WIDTH = 15;

/** A line for each property; `withTracing` adds the trace, the parent and the spans. */
function jobDetails(
  job: JobWithAttempts<Job>,
  withTracing: boolean,
  now: number,
  style: Style,
): readonly string[] {
  const { paint } = style;
  const releases = job.releases === 0 ? "" : `, released ${timesInARow(job.releases)}`;
  const snoozes = job.snoozes === 0 ? "" : `, snoozed ${timesInARow(job.snoozes)}`;
  const attempts = `${job.attempts} of ${job.maxAttempts} attempts${releases}${snoozes}`;
  const lines: Line[] = [
    ["job", job.id, (id) => paint("bold", id)],
    ["queue", job.queueName],
    [
      "status",
      `${job.status}, ${attempts}`,
      (text) => paint(statusColor[job.status], job.status) + text.slice(job.status.length),
    ],
    ["priority", job.priority === 0 ? undefined : String(job.priority)],
    ["key", job.idempotencyKey],
    ["created", timeText(job.createdAt, now)],
    ["due", isDueLater(job) ? timeText(job.runAt, now) : undefined],
    ["started", timeText(job.startedAt, now)],
    ["ended", timeText(job.finishedAt, now)],
    ["ran", ranFor(job)],
    ["depends on", job.dependsOn.join(" ") || undefined],
    ...(withTracing ? tracing(job) : []),
    ["payload", JSON.stringify(job.payload)],
    ["result", job.result === undefined ? undefined : JSON.stringify(job.result)],
    ["error", errorText(job.error)],
    ...stackLines(job.error),
    ["operation", operationText(job.operation, now)],
    ...job.attemptHistory.map((attempt): Line => [
      `attempt ${attempt.attempt}`,
      attemptText(attempt, withTracing, now),
    ]),
  ];
  return lines.flatMap(([name, text, painted = (line) => line]) => {
    if (text === undefined) return [];
    return fitted(name, text, style).map((line, i) =>
      paint("dim", (i === 0 ? name : "").padEnd(NAME_WIDTH)) + (i === 0 ? painted(line) : line)
    );
  });
}

function timesInARow(count: number): string {
  return count === 1 ? "once" : `${count} times in a row`;
}

/** JSON and the lines of a stack, which have no name, can be very long. */
const cutToLine: readonly string[] = ["payload", "result", ""];
const MOST_LINES = 4;

/** In a terminal no line is wider than it. */
function fitted(name: string, text: string, style: Style): readonly string[] {
  const mostLines = cutToLine.includes(name) ? 1 : MOST_LINES;
  return wrapped(printable(text), columnsOf(style) - NAME_WIDTH, mostLines);
}

function tracing(job: Job): readonly Line[] {
  return [
    ["trace", job.traceId],
    ["correlation", job.correlationId],
    ["parent", job.parentId],
    ["created under", job.traceparent],
    ["tracestate", job.tracestate],
    ["baggage", job.baggage],
    ["propagation", job.propagation],
    ["last span", job.attemptTraceparent],
  ];
}

function timeText(time: Date | undefined, now: number): string | undefined {
  return time && `${time.toISOString()} (${distanceText(time.getTime(), now)})`;
}

function isDueLater({ createdAt, runAt }: Job): boolean {
  return runAt.getTime() > createdAt.getTime();
}

/** What an operator did last. */
function operationText(operation: JobOperation | undefined, now: number): string | undefined {
  if (operation === undefined) return undefined;
  const { name, at, by, reason } = operation;
  const who = by === undefined ? "" : ` by ${by}`;
  const why = reason === undefined ? "" : `: ${reason}`;
  return `${name}${who}, ${distanceText(at.getTime(), now)}${why}`;
}

function ranFor({ startedAt, finishedAt }: Job): string | undefined {
  return startedAt && finishedAt && durationText(finishedAt.getTime() - startedAt.getTime());
}

function errorText(error: JobError | undefined): string | undefined {
  return error && `${error.name}: ${error.message}`;
}

/** The stack trace and the causes, without the first line, which repeats the error. */
function stackLines({ stack = "" }: Partial<JobError> = {}): readonly Line[] {
  return stack.split("\n").slice(1).map((line): Line => ["", line]);
}

function attemptText(attempt: Attempt, withTracing: boolean, now: number): string {
  const { startedAt, error, traceparent } = attempt;
  const when = distanceText(startedAt.getTime(), now);
  const what = `${outcomeText(attempt, now)}, started ${when}`;
  const why = error === undefined ? what : `${what}: ${errorText(error)}`;
  return withTracing && traceparent !== undefined ? `${traceparent} ${why}` : why;
}
