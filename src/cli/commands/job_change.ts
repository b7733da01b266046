/**
 * `hammerwork job retry` and `hammerwork job cancel`.
 *
 * @module
 */
import type { JobChange } from "../../queue/job_change.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Command } from "../command.ts";
import { FailedError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import type { Arguments } from "../arguments.ts";
import type { Io } from "../io.ts";
import { withQueue } from "../open_queue.ts";
import { printJson } from "../print.ts";
import { statusColor, type Style, styleOf } from "../text/style.ts";

const operands = [{ name: "ID", multiple: true }];
const notes = "ID is a whole id, or at least the last 6 digits of the id of one of the newest\n" +
  "10,000 jobs. All jobs are looked up before the first one is changed. If a job\n" +
  "could not be changed, the exit code is 1. --json prints\n" +
  "{ jobs: [{ id, changed, status, reason, cancelledDescendants }] }.";

/** Retries jobs. */
export const jobRetry: Command = {
  name: "job retry",
  summary: "Makes failed or cancelled jobs ready again.",
  operands,
  options: {
    force: { help: "even if a job that it depends on did not complete" },
    "no-dependents": { help: "leave the dependents that its failure cancelled as they are" },
  },
  notes: `A retried job has at least one more attempt.\n\n${notes}`,
  examples: ["job retry abc123"],
  run: (args, io) => {
    const options = { force: args.has("force"), dependents: !args.has("no-dependents") };
    return changeAll(args, io, (queue, id) => queue.retry(id, options));
  },
};

/** Cancels jobs. */
export const jobCancel: Command = {
  name: "job cancel",
  summary: "Cancels jobs and their dependents.",
  operands,
  options: {
    reason: { value: "TEXT", help: "stored as the error of the job" },
    descendants: { help: "also cancel its child jobs, their children, and so on" },
  },
  notes,
  examples: [`job cancel abc123 def456 --reason "The order was withdrawn"`],
  run: (args, io) => {
    const options = { reason: args.text("reason"), descendants: args.has("descendants") };
    return changeAll(args, io, (queue, id) => queue.cancel(id, options));
  },
};

type JobAction = (queue: JobQueue, id: string) => Promise<JobChange | undefined>;

async function changeAll(args: Arguments, io: Io, action: JobAction): Promise<number> {
  const style = styleOf(io);
  const changes = await withQueue(args, io, async (queue) => {
    const ids = await findAll(queue, args.operands, style);
    const all: JobChange[] = [];
    for (const id of ids) all.push(await changeOne(queue, id, action));
    return all;
  });
  if (args.has("json")) await printJson(io.stdout, { jobs: changes.map(jsonOf) });
  else await io.stdout.write(changes.map((one) => lineOf(one, style)).join(""));
  return changes.every(hasChanged) ? 0 : 1;
}

async function findAll(
  queue: JobQueue,
  texts: readonly string[],
  style: Style,
): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for (const text of texts) {
    const id = await findJobId(queue, text, style);
    const { jobs } = await queue.find({ ids: [id], include: [] });
    if (jobs.length === 0) throw new FailedError(`There is no job ${id}; nothing was changed`);
    ids.add(id);
  }
  return ids;
}

async function changeOne(queue: JobQueue, id: string, action: JobAction): Promise<JobChange> {
  const answer = await action(queue, id);
  if (answer === undefined) throw new FailedError(`The job ${id} was removed in the meantime`);
  return answer;
}

function hasChanged({ changed, cancelledDescendants = 0 }: JobChange): boolean {
  return changed || cancelledDescendants > 0;
}

function jsonOf({ job: { id, status }, changed, reason, cancelledDescendants }: JobChange) {
  return { id, changed, status, reason, cancelledDescendants };
}

function lineOf(change: JobChange, { paint }: Style): string {
  const { job: { id, status }, changed, reason, cancelledDescendants = 0 } = change;
  const result = changed ? paint(statusColor[status], status) : `unchanged: ${reason}`;
  const noun = cancelledDescendants === 1 ? "descendant" : "descendants";
  const more = cancelledDescendants === 0 ? "" : `, and ${cancelledDescendants} ${noun}`;
  return `${paint("bold", id)}  ${result}${more}\n`;
}
