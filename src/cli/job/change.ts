/**
 * `hammerwork job retry` and `hammerwork job cancel`: several jobs, each as far as it can be done.
 *
 * @module
 */
import type { JobChange } from "../../queue/job_change.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Given } from "../given.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printJson } from "../print.ts";
import { type Look, lookOf, statusInk } from "../text/look.ts";

const operands = [{ name: "ID", multiple: true }];
const notes = "ID is a whole id, or the last 6 digits or more of one among the newest 10,000\n" +
  "jobs. All are looked up before any is changed. Where one could not be done the\n" +
  "exit code is 1. A job that is retried has at least one more attempt.\n" +
  "--json prints { jobs: [{ id, changed, status, reason,\n" +
  "cancelledDescendants }] }.";

/** Makes jobs ready again. */
export const jobRetry: Command = {
  name: "job retry",
  summary: "Makes failed or cancelled jobs ready again.",
  operands,
  options: {
    force: { help: "also where a job that it depends on did not complete" },
    "no-dependents": { help: "leave the dependents cancelled that were so because of it" },
  },
  notes,
  examples: ["job retry abc123"],
  run: (given, io) => {
    const options = { force: given.has("force"), dependents: !given.has("no-dependents") };
    return changeAll(given, io, (queue, id) => queue.retry(id, options));
  },
};

/** Cancels jobs. */
export const jobCancel: Command = {
  name: "job cancel",
  summary: "Cancels jobs, and the dependents with them.",
  operands,
  options: {
    reason: { value: "TEXT", help: "why; it is kept as the job's error" },
    descendants: { help: "and the jobs that are parts of it, and of those" },
  },
  notes,
  examples: [`job cancel abc123 def456 --reason "The order was withdrawn"`],
  run: (given, io) => {
    const options = { reason: given.text("reason"), descendants: given.has("descendants") };
    return changeAll(given, io, (queue, id) => queue.cancel(id, options));
  },
};

type Change = (queue: JobQueue, id: string) => Promise<JobChange | undefined>;

async function changeAll(given: Given, io: Io, change: Change): Promise<number> {
  const look = lookOf(io);
  const changes = await withQueue(given, io, async (queue) => {
    const ids = await findAll(queue, given.operands, look);
    const all: JobChange[] = [];
    for (const id of ids) all.push(await changeOne(queue, id, change));
    return all;
  });
  if (given.has("json")) await printJson(io.stdout, { jobs: changes.map(jsonOf) });
  else await io.stdout.write(changes.map((one) => lineOf(one, look)).join(""));
  return changes.every(hasChanged) ? 0 : 1;
}

async function findAll(
  queue: JobQueue,
  texts: readonly string[],
  look: Look,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const text of texts) {
    const id = await findJobId(queue, text, look);
    const { jobs } = await queue.find({ ids: [id], include: [] });
    if (jobs.length === 0) throw new FailedError(`There is no job ${id}; nothing was changed`);
    ids.add(id);
  }
  return ids;
}

async function changeOne(queue: JobQueue, id: string, change: Change): Promise<JobChange> {
  const answer = await change(queue, id);
  if (answer === undefined) throw new FailedError(`The job ${id} was removed meanwhile`);
  return answer;
}

function hasChanged({ changed, cancelledDescendants = 0 }: JobChange): boolean {
  return changed || cancelledDescendants > 0;
}

function jsonOf({ job: { id, status }, changed, reason, cancelledDescendants }: JobChange) {
  return { id, changed, status, reason, cancelledDescendants };
}

function lineOf(change: JobChange, { paint }: Look): string {
  const { job: { id, status }, changed, reason, cancelledDescendants = 0 } = change;
  const result = changed ? paint(statusInk[status], status) : `unchanged: ${reason}`;
  const more = cancelledDescendants > 0 ? `, and descendants: ${cancelledDescendants}` : "";
  return `${paint("bold", id)}  ${result}${more}\n`;
}
