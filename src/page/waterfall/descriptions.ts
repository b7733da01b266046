/**
 * The description of a row of the waterfall: a tooltip, and what screen readers read.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import type { Attempt } from "../../job/job.ts";
import type { JobNode } from "../../queue/job_tree.ts";
import { groupBy } from "../group_by.ts";
import { linkedTrace } from "./bar.ts";
import type { JobGroup } from "./job_groups.ts";

const MAX_ERROR_LENGTH = 200;

/** The description of a job. `nameOf` returns the queue of another job of the tree. */
export function describeJob(
  { job, attempts, children }: JobNode,
  nameOf: (id: string) => string | undefined,
  now: number,
): string {
  const { dependsOn, parentId, maxAttempts } = job;
  return [
    `${describeTimes(job, attempts, now)}.`,
    ...attempts.filter(({ outcome }) => outcome !== "completed" && outcome !== "running").map(
      (attempt, i, all) => `${describeFailure(attempt, maxAttempts, all[i - 1])}.`,
    ),
    job.status === "cancelled" && attempts.at(-1)?.outcome !== "cancelled" &&
    `Cancelled: ${shortened(job.error?.message ?? "")}.`,
    parentId !== undefined && `Child of ${nameOf(parentId) ?? "a job that is not shown"}.`,
    dependsOn.length > 0 && `Depends on ${namesOf(dependsOn, nameOf)}.`,
    children.length > 0 && `Has ${counted(children.length, "child job")}.`,
    attempts.some((attempt) => linkedTrace(attempt, job.traceId) !== undefined) &&
    "Ran in another trace that is linked to this one.",
  ].filter(Boolean).join(" ");
}

/** The description of folded jobs. */
export function describeGroup({ jobs, statuses, from, to }: JobGroup, now: number): string {
  const counts = [...statuses].map(([status, count]) => `${number(count)} ${status}`).join(", ");
  return `${counted(jobs, "job")} in ${durationText((to ?? now) - from)}: ${counts}.`;
}

/** The time from the creation of a job to its end, or until now. */
export function durationOf({ job }: JobNode, now: number): string {
  return durationText(Math.max(0, (job.finishedAt?.getTime() ?? now) - job.createdAt.getTime()));
}

/** A number and what it counts, in the plural if needed. */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** A number with separators for thousands. */
export function number(count: number): string {
  return count.toLocaleString("en");
}

function describeTimes(job: JobNode["job"], attempts: readonly Attempt[], now: number): string {
  const end = job.finishedAt?.getTime() ?? now;
  const ran = attempts.reduce(
    (sum, { startedAt, finishedAt }) => sum + ((finishedAt?.getTime() ?? now) - +startedAt),
    0,
  );
  const waited = Math.max(0, end - job.createdAt.getTime() - ran);
  if (attempts.length === 0) {
    const waits = hasEnded(job.status) ? "waited" : waiting[job.status];
    return `${capital(job.status)}, ${waits} ${durationText(waited)}`;
  }
  const times = attempts.length === 1 ? "" : ` in ${attempts.length} attempts`;
  return `${capital(job.status)}, waited ${durationText(waited)}, ran ${durationText(ran)}${times}`;
}

const waiting: Readonly<Partial<Record<JobStatus, string>>> = {
  scheduled: "waiting for its due time for",
  blocked: "waiting for dependencies for",
  ready: "waiting for a worker for",
  retrying: "waiting for the next attempt for",
  running: "waited",
};

/** A repeated error is written once, so that many of them stay short. */
function describeFailure(
  { attempt, outcome, startedAt, finishedAt, error }: Attempt,
  maxAttempts: number,
  previous: Attempt | undefined,
): string {
  const after = finishedAt === undefined ? "" : ` after ${durationText(+finishedAt - +startedAt)}`;
  const what = `Attempt ${attempt} of ${maxAttempts} ${outcome.replaceAll("_", " ")}${after}`;
  if (error === undefined) return what;
  if (error.message === previous?.error?.message) return `${what} with the same error`;
  return `${what}: ${shortened(error.message)}`;
}

function namesOf(ids: readonly string[], nameOf: (id: string) => string | undefined): string {
  const names = groupBy(ids.map((id) => nameOf(id) ?? "a job that is not shown"), (name) => name);
  const texts = [...names].map(([name, all]) =>
    all.length === 1 ? name : `${all.length} × ${name}`
  );
  return texts.length > 5 ? counted(ids.length, "other job") : texts.join(", ");
}

function shortened(text: string): string {
  return text.length > MAX_ERROR_LENGTH ? `${text.slice(0, MAX_ERROR_LENGTH)}…` : text;
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
