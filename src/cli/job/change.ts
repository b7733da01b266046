/**
 * `hammerwork job retry` and `hammerwork job cancel`: several jobs, each as far as it can be done.
 *
 * @module
 */
import type { Job } from "../../job/job.ts";
import { canBeRetried, hasEnded, type JobStatus } from "../../job/status.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Given } from "../given.ts";
import { withQueue } from "../open_queue.ts";
import { printJson } from "../print.ts";
import { type Look, lookOf, statusInk } from "../text/look.ts";

const operands = [{ name: "ID", multiple: true }];
const notes = "ID is a whole id, or the last 6 digits or more of one among the newest 10,000\n" +
  "jobs. All are looked up before any is changed. Where one could not be done the\n" +
  "exit code is 1. A job that is retried has at least one more attempt.\n" +
  "--json prints { jobs: [{ id, done, status }] }.";

/** Makes jobs ready again. */
export const jobRetry: Command = {
  name: "job retry",
  summary: "Makes failed or cancelled jobs ready again.",
  operands,
  notes,
  examples: ["job retry abc123"],
  run: (given, io) =>
    change(given, io, {
      canBe: canBeRetried,
      apply: (queue, id) => queue.retry(id),
      isDone: (status) => status === "ready",
    }),
};

/** Cancels jobs. */
export const jobCancel: Command = {
  name: "job cancel",
  summary: "Cancels jobs, and the dependents with them.",
  operands,
  options: { reason: { value: "TEXT", help: "why; it is kept as the job's error" } },
  notes,
  examples: [`job cancel abc123 def456 --reason "The order was withdrawn"`],
  run: (given, io) =>
    change(given, io, {
      canBe: (status) => !hasEnded(status),
      apply: (queue, id) => queue.cancel(id, given.text("reason")),
      isDone: (status) => status === "cancelled",
    }),
};

/** A change of jobs: the status before it, and the one after it. */
interface Change {
  readonly canBe: (status: JobStatus) => boolean;
  readonly apply: (queue: JobQueue, id: string) => Promise<Job | undefined>;
  readonly isDone: (status: JobStatus) => boolean;
}

interface Changed {
  readonly id: string;
  readonly done: boolean;
  readonly status: JobStatus;
}

async function change(given: Given, io: Parameters<Command["run"]>[1], what: Change) {
  const look = lookOf(io);
  const changed = await withQueue(given, io, async (queue) => {
    const jobs = await findAll(queue, given.operands, look);
    const all: Changed[] = [];
    for (const job of jobs) all.push(await changeOne(queue, job, what));
    return all;
  });
  if (given.has("json")) await printJson(io.stdout, { jobs: changed });
  else await io.stdout.write(changed.map((one) => lineOf(one, look)).join(""));
  return changed.every(({ done }) => done) ? 0 : 1;
}

async function findAll(
  queue: JobQueue,
  texts: readonly string[],
  look: Look,
): Promise<readonly Job[]> {
  const jobs = new Map<string, Job>();
  for (const text of texts) {
    const id = await findJobId(queue, text, look);
    const job = await queue.get(id);
    if (job === undefined) throw new FailedError(`There is no job ${id}; nothing was changed`);
    jobs.set(id, job);
  }
  return [...jobs.values()];
}

async function changeOne(queue: JobQueue, { id, status }: Job, what: Change): Promise<Changed> {
  if (!what.canBe(status)) return { id, done: false, status };
  const after = await what.apply(queue, id);
  if (after === undefined) throw new FailedError(`The job ${id} was removed meanwhile`);
  return { id, done: what.isDone(after.status), status: after.status };
}

function lineOf({ id, done, status }: Changed, { paint }: Look): string {
  const standing = paint(statusInk[status], status);
  return `${paint("bold", id)}  ${done ? standing : `unchanged: it is ${standing}`}\n`;
}
