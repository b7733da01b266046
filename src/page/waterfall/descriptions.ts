/**
 * The description of a row of the waterfall: a tooltip, and what screen readers read.
 *
 * @module
 */
import { distanceText, durationText } from "../../duration.ts";
import type { JobStatus } from "../../job/status.ts";
import { outcomeText, type TimelineRow, type TimelineRun } from "../../queue/timeline.ts";
import { shortened } from "../elements.ts";
import { groupBy } from "../group_by.ts";
import type { JobGroup } from "./job_groups.ts";

/** The description of a job. `nameOf` returns the queue of another job of the tree. */
export function describeJob(
  row: TimelineRow,
  nameOf: (id: string) => string | undefined,
  { now, isCritical }: { readonly now: number; readonly isCritical: boolean },
): string {
  const { job, runs, children, note } = row;
  const due = dueText(row, now);
  const { dependsOn, parentId, maxAttempts } = job;
  return [
    `${describeTimes(row)}.`,
    due !== undefined && `Due ${due}, at ${job.runAt.toISOString()}.`,
    ...runs.filter(({ isFailure }) => isFailure).map((run, i, all) =>
      `${describeFailure(run, maxAttempts, all[i - 1])}.`
    ),
    job.status === "cancelled" && note !== undefined && `${capital(shortened(note))}.`,
    parentId !== undefined && `Child of ${nameOf(parentId) ?? "a job that is not shown"}.`,
    dependsOn.length > 0 && `Depends on ${namesOf(dependsOn, nameOf)}.`,
    children.length > 0 && `Has ${counted(children.length, "child job")}.`,
    runs.some(({ linkedTraceId }) => linkedTraceId !== undefined) &&
    "Ran in another trace that is linked to this one.",
    isCritical && "On the critical path.",
  ].filter(Boolean).join(" ");
}

/** The description of folded jobs. */
export function describeGroup({ jobs, statuses, from, to }: JobGroup, now: number): string {
  const counts = [...statuses].map(([status, count]) => `${number(count)} ${status}`).join(", ");
  return `${counted(jobs, "job")} in ${durationText((to ?? now) - from)}: ${counts}.`;
}

/** When a job is due that waits for its time or a retry, such as `in 5 min`. */
export function dueText(
  { job: { status, runAt } }: Pick<TimelineRow, "job">,
  now: number,
): string | undefined {
  const isLater = (status === "scheduled" || status === "retrying") && runAt.getTime() > now;
  return isLater ? distanceText(runAt.getTime(), now) : undefined;
}

/** A number and what it counts, in the plural if needed. */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** A number with separators for thousands. */
export function number(count: number): string {
  return count.toLocaleString("en");
}

function describeTimes({ job: { status }, runs, waitedMs, ranMs }: TimelineRow): string {
  const waited = durationText(waitedMs);
  if (runs.length === 0) return `${capital(status)}, ${waiting[status] ?? "waited"} ${waited}`;
  const times = runs.length === 1 ? "" : ` in ${runs.length} attempts`;
  return `${capital(status)}, waited ${waited}, ran ${durationText(ranMs)}${times}`;
}

const waiting: Readonly<Partial<Record<JobStatus, string>>> = {
  scheduled: "waiting for its due time for",
  blocked: "waiting for dependencies for",
  ready: "waiting for a worker for",
  retrying: "waiting for the next attempt for",
};

/** A repeated error is written once, so that many of them stay short. */
function describeFailure(
  { attempt }: TimelineRun,
  maxAttempts: number,
  previous: TimelineRun | undefined,
): string {
  const { error } = attempt;
  const what = `Attempt ${attempt.attempt} of ${maxAttempts} ${outcomeText(attempt)}`;
  if (error === undefined) return what;
  if (error.message === previous?.attempt.error?.message) return `${what} with the same error`;
  return `${what}: ${shortened(error.message)}`;
}

/** The names of jobs, each once with its number. */
export function namesOf(
  ids: readonly string[],
  nameOf: (id: string) => string | undefined,
): string {
  const names = groupBy(ids.map((id) => nameOf(id) ?? "a job that is not shown"), (name) => name);
  const texts = [...names].map(([name, all]) =>
    all.length === 1 ? name : `${all.length} × ${name}`
  );
  return texts.length > 5 ? counted(ids.length, "other job") : texts.join(", ");
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
