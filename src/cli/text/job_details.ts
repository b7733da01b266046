/**
 * One job, with all that is known of it.
 *
 * @module
 */
import type { Attempt, Job, JobWithAttempts } from "../../job/job.ts";
import type { JobError } from "../../job/record.ts";
import { distanceText, durationText } from "../../duration.ts";
import { type Look, statusInk } from "./look.ts";
import { cut, printable } from "./width.ts";

type Line = readonly [name: string, text: string | undefined];

const NAME_WIDTH = 15;

/** Lines of a name and a value each; with tracing, how it hangs together with others too. */
export function jobDetails(
  job: JobWithAttempts<Job>,
  withTracing: boolean,
  now: number,
  look: Look,
): readonly string[] {
  const { paint } = look;
  const releases = job.releases === 0 ? "" : `, released ${timesInARow(job.releases)}`;
  const attempts = `${job.attempts} of ${job.maxAttempts} attempts${releases}`;
  const lines: Line[] = [
    ["job", paint("bold", printable(job.id))],
    ["queue", job.queueName],
    ["status", `${paint(statusInk[job.status], job.status)}, ${attempts}`],
    ["priority", job.priority === 0 ? undefined : String(job.priority)],
    ["key", job.idempotencyKey],
    ["added", timeText(job.createdAt, now)],
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
    ...job.attemptHistory.map((attempt): Line => [
      `attempt ${attempt.attempt}`,
      attemptText(attempt, withTracing, now),
    ]),
  ];
  return lines.flatMap(([name, text]) => {
    if (text === undefined) return [];
    return [`${paint("dim", name.padEnd(NAME_WIDTH))}${fitted(name, text, look)}`];
  });
}

function timesInARow(count: number): string {
  return count === 1 ? "once" : `${count} times in a row`;
}

/** In a terminal nothing wraps. Its id and its status are short, and painted already. */
function fitted(name: string, text: string, look: Look): string {
  if (name === "job" || name === "status") return text;
  const safe = printable(text);
  return look.isTerminal ? cut(safe, look.columns - NAME_WIDTH) : safe;
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

function ranFor({ startedAt, finishedAt }: Job): string | undefined {
  return startedAt && finishedAt && durationText(finishedAt.getTime() - startedAt.getTime());
}

function errorText(error: JobError | undefined): string | undefined {
  return error && `${error.name}: ${error.message}`;
}

/** Where it was thrown and what stands behind it. The first line of a stack says the error again. */
function stackLines({ stack = "" }: Partial<JobError> = {}): readonly Line[] {
  return stack.split("\n").slice(1).map((line): Line => ["", line]);
}

function attemptText(attempt: Attempt, withTracing: boolean, now: number): string {
  const { outcome, startedAt, finishedAt, error, traceparent } = attempt;
  const length = durationText((finishedAt?.getTime() ?? now) - startedAt.getTime());
  const when = distanceText(startedAt.getTime(), now);
  const word = finishedAt === undefined ? "for" : "after";
  const what = `${outcome.replaceAll("_", " ")} ${word} ${length}, begun ${when}`;
  const why = error === undefined ? what : `${what}: ${errorText(error)}`;
  return withTracing && traceparent !== undefined ? `${traceparent} ${why}` : why;
}
