/**
 * A row of the waterfall in words, for who points at it and for who cannot see it.
 *
 * @module
 */
import { durationText } from "../../duration.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import type { Attempt } from "../../job/job.ts";
import type { JobNode } from "../../queue/job_tree.ts";
import { groupedBy } from "../group_by.ts";
import { linkedTrace } from "./bar.ts";
import type { JobGroup } from "./families.ts";

const LONGEST_ERROR = 200;

/** What there is to say of a job. `nameOf` gives the queues of other jobs of the tree. */
export function jobWords(
  { job, attempts, children }: JobNode,
  nameOf: (id: string) => string | undefined,
  now: number,
): string {
  const { dependsOn, parentId, maxAttempts } = job;
  return [
    `${timesOf(job, attempts, now)}.`,
    ...attempts.filter(({ outcome }) => outcome !== "completed" && outcome !== "running").map(
      (run, i, failed) => `${failureOf(run, maxAttempts, failed[i - 1])}.`,
    ),
    job.status === "cancelled" && attempts.at(-1)?.outcome !== "cancelled" &&
    `Cancelled: ${cut(job.error?.message ?? "")}.`,
    parentId !== undefined && `Part of ${nameOf(parentId) ?? "a job that is not shown"}.`,
    dependsOn.length > 0 && `After ${namesOf(dependsOn, nameOf)}.`,
    children.length > 0 && `Has ${counted(children.length, "part")}.`,
    attempts.some((run) => linkedTrace(run, job.traceId) !== undefined) &&
    "Ran in another trace, linked to this one.",
  ].filter(Boolean).join(" ");
}

/** What there is to say of folded jobs. */
export function familyWords({ jobs, statuses, from, to }: JobGroup, now: number): string {
  const standing = [...statuses].map(([status, count]) => `${number(count)} ${status}`).join(", ");
  return `${counted(jobs, "job")} in ${durationText((to ?? now) - from)}: ${standing}.`;
}

/** How long a job took from when it was added. */
export function lengthOf({ job }: JobNode, now: number): string {
  return durationText(Math.max(0, (job.finishedAt?.getTime() ?? now) - job.createdAt.getTime()));
}

/** A number and what it counts. */
export function counted(count: number, what: string): string {
  return `${number(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** A number with its thousands set apart. */
export function number(count: number): string {
  return count.toLocaleString("en");
}

function timesOf(job: JobNode["job"], attempts: readonly Attempt[], now: number): string {
  const end = job.finishedAt?.getTime() ?? now;
  const ran = attempts.reduce(
    (sum, run) => sum + ((run.finishedAt?.getTime() ?? now) - +run.startedAt),
    0,
  );
  const waited = Math.max(0, end - job.createdAt.getTime() - ran);
  const waits = hasEnded(job.status) ? "waited" : waitWords[job.status];
  if (attempts.length === 0) return `${capital(job.status)}, ${waits} ${durationText(waited)}`;
  const times = attempts.length === 1 ? "" : ` in ${attempts.length} attempts`;
  return `${capital(job.status)}, waited ${durationText(waited)}, ran ${durationText(ran)}${times}`;
}

const waitWords: Readonly<Partial<Record<JobStatus, string>>> = {
  scheduled: "waits for its time since",
  blocked: "waits for other jobs since",
  ready: "waits for a worker since",
  retrying: "waits for its next attempt since",
  running: "waited",
};

/** An error that comes again and again is told once: a long trace full of them stays short. */
function failureOf(
  { attempt, outcome, startedAt, finishedAt, error }: Attempt,
  most: number,
  before: Attempt | undefined,
): string {
  const after = finishedAt === undefined ? "" : ` after ${durationText(+finishedAt - +startedAt)}`;
  const what = `Attempt ${attempt} of ${most} ${outcome.replaceAll("_", " ")}${after}`;
  if (error === undefined) return what;
  if (error.message === before?.error?.message) return `${what} in the same way`;
  return `${what}: ${cut(error.message)}`;
}

function namesOf(ids: readonly string[], nameOf: (id: string) => string | undefined): string {
  const names = groupedBy(ids.map((id) => nameOf(id) ?? "a job that is not shown"), (name) => name);
  const texts = [...names].map(([name, all]) =>
    all.length === 1 ? name : `${all.length} × ${name}`
  );
  return texts.length > 5 ? counted(ids.length, "other job") : texts.join(", ");
}

function cut(text: string): string {
  return text.length > LONGEST_ERROR ? `${text.slice(0, LONGEST_ERROR)}…` : text;
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}
