/**
 * Changes jobs: those with the ids that are given, each with an answer of its own, or all that match
 * the options of `job list`, in passes.
 *
 * @module
 */
import type { ManyFilter, ManyOptions, ManyResult } from "../../operate/act_on_many.ts";
import type { Job } from "../../job/job.ts";
import type { Operator } from "../../job/record.ts";
import { readOperator } from "../../queue/job_change.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Arguments, Options } from "../arguments.ts";
import { asUsage, FailedError, UsageError } from "../errors.ts";
import { findJobId } from "../find_by_end.ts";
import { type Io, userName } from "../io.ts";
import {
  filterOptions,
  filterOptionsIn,
  queueAdvice,
  readFilter,
  readParent,
} from "../job_filter.ts";
import { withQueue } from "../open_queue.ts";
import { printJson } from "../print.ts";
import { statusColor, type Style, styleOf } from "../text/style.ts";

/** The options of each change, beside its own. */
export const changeOptions: Options = {
  ...filterOptions,
  "dry-run": { help: "only count the jobs" },
  yes: { help: "do not ask, however many there are" },
};

/** The options of a change that is recorded on its jobs. */
export const operatorOptions: Options = {
  reason: { value: "TEXT", help: "why; stored with the job" },
  by: { value: "NAME", help: "who does it; default: the user's name" },
};

/** Who changes jobs, as far as the options or the environment say it, and why. */
export function readOperatorOptions(args: Arguments, { env }: Io): Operator {
  const by = args.text("by") ?? userName(env);
  const reason = args.text("reason");
  return asUsage("Invalid option", () => readOperator({ by, reason }));
}

/** What the help of each change says. */
export const changeNotes: string =
  "ID is a whole id, or at least the last 6 digits of the id of one of the newest\n" +
  "10,000 jobs; all are looked up before the first one is changed. Without an ID all\n" +
  "jobs are changed that match the options of job list, in passes of 1,000. Of more\n" +
  "than 100 a terminal asks before, and elsewhere --yes is needed.\n\n" +
  "If a job could not be changed, the exit code is 1. --json prints { jobs: [{ id,\n" +
  "changed, status, reason, cancelledDescendants }] } for ids, else { changed, refused },\n" +
  "and with --dry-run { matching, hasMore }.";

/** A change of jobs. */
export interface JobsChange {
  /** As it is asked for: `Cancel`. */
  readonly verb: string;
  /** As it is told afterwards: `cancelled`. */
  readonly done: string;
  /** Why a job that matches can be left as it is. */
  readonly refusal: string;
  /** Changes one job; `undefined` if it is no longer there. */
  readonly one: (queue: JobQueue, job: FoundJob) => Promise<OneChange | undefined>;
  /** Changes all that match. */
  readonly many: (
    queue: JobQueue,
    filter: ManyFilter,
    options: Pick<ManyOptions, "dryRun" | "onProgress">,
  ) => Promise<ManyResult>;
}

/** A job as it was found. */
export type FoundJob = Pick<Job, "id" | "status">;

/** The answer for one job. */
export interface OneChange {
  /** The job after the change. */
  readonly job: FoundJob;
  /** Whether it was changed. */
  readonly changed: boolean;
  /** Why not, if it was not. */
  readonly reason: string | undefined;
  /** How many of its descendants were cancelled. */
  readonly cancelledDescendants?: number | undefined;
}

/** Above this many jobs the person is asked. */
const MOST_UNASKED = 100;

/** Changes what the arguments choose. Returns the exit code. */
export async function changeJobs(
  commandName: string,
  args: Arguments,
  io: Io,
  change: JobsChange,
): Promise<number> {
  checkChoice(commandName, args);
  const filter = readFilter(args);
  const style = styleOf(io);
  return await withQueue(args, io, async (queue) => {
    const jobs = await findAll(queue, args.operands, style);
    if (jobs.length > 0 && !args.has("dry-run")) {
      return await changeEach(queue, jobs, change, args, io);
    }
    const ids = jobs.length > 0 ? jobs.map(({ id }) => id) : undefined;
    const parent = await readParent(queue, args, style);
    return await changeMatching(queue, { ...filter, ids, parent }, change, args, io);
  });
}

function checkChoice(commandName: string, args: Arguments): void {
  const given = filterOptionsIn(args);
  const hasIds = args.operands.length > 0;
  if (hasIds && given.length > 0) {
    throw new UsageError(
      `hammerwork ${commandName} takes either ids or options that choose jobs: got an id and ` +
        `--${given[0]}`,
    );
  }
  if (!hasIds && given.length === 0) {
    throw new UsageError(
      `hammerwork ${commandName} needs ID, or an option that chooses jobs such as --queue`,
    );
  }
}

async function findAll(
  queue: JobQueue,
  texts: readonly string[],
  style: Style,
): Promise<readonly FoundJob[]> {
  const found = new Map<string, FoundJob>();
  for (const text of texts) {
    const id = await findJobId(queue, text, style);
    const { jobs: [job] } = await queue.find({ ids: [id], include: [] });
    if (job === undefined) throw new FailedError(`There is no job ${id}; nothing was changed`);
    found.set(id, job);
  }
  return [...found.values()];
}

async function changeEach(
  queue: JobQueue,
  jobs: readonly FoundJob[],
  change: JobsChange,
  args: Arguments,
  io: Io,
): Promise<number> {
  const changes: OneChange[] = [];
  for (const job of jobs) {
    const answer = await change.one(queue, job);
    if (answer === undefined) {
      throw new FailedError(`The job ${job.id} was removed in the meantime`);
    }
    changes.push(answer);
  }
  if (args.has("json")) await printJson(io.stdout, { jobs: changes.map(jsonOf) });
  else await io.stdout.write(changes.map((one) => lineOf(one, change, styleOf(io))).join(""));
  return changes.every(hasChanged) ? 0 : 1;
}

function hasChanged({ changed, cancelledDescendants = 0 }: OneChange): boolean {
  return changed || cancelledDescendants > 0;
}

function jsonOf({ job: { id, status }, changed, reason, cancelledDescendants }: OneChange) {
  return { id, changed, status, reason, cancelledDescendants };
}

function lineOf(change: OneChange, { done }: JobsChange, { paint }: Style): string {
  const { job: { id, status }, changed, reason, cancelledDescendants = 0 } = change;
  // A deleted job has no status any more.
  const outcome = done === "deleted" ? done : paint(statusColor[status], status);
  const result = changed ? outcome : `unchanged: ${reason}`;
  const noun = cancelledDescendants === 1 ? "descendant" : "descendants";
  const more = cancelledDescendants === 0 ? "" : `, and ${cancelledDescendants} ${noun}`;
  return `${paint("bold", id)}  ${result}${more}\n`;
}

async function changeMatching(
  queue: JobQueue,
  filter: ManyFilter,
  change: JobsChange,
  args: Arguments,
  io: Io,
): Promise<number> {
  const { matching = 0, hasMore = false } = await change.many(queue, filter, { dryRun: true });
  if (args.has("dry-run")) {
    if (args.has("json")) await printJson(io.stdout, { matching, hasMore });
    else await io.stdout.write(`${countText(matching, hasMore)} would be ${change.done}\n`);
    return 0;
  }
  if (matching === 0 && !args.has("json")) {
    await io.stderr.write(
      `No job to be ${change.done} was found${await queueAdvice(queue, args)}\n`,
    );
  }
  if (matching > MOST_UNASKED && !args.has("yes")) await ask(matching, hasMore, change, io);
  const total = countText(matching, hasMore);
  const result = await withProgress(
    total,
    matching,
    io,
    (onProgress) => change.many(queue, filter, { onProgress }),
  );
  const { changed, refused } = result;
  if (args.has("json")) await printJson(io.stdout, { changed, refused });
  else if (matching > 0) await io.stdout.write(`${resultText(result, change)}\n`);
  return refused === 0 ? 0 : 1;
}

function countText(count: number, hasMore: boolean): string {
  return `${hasMore ? "More than " : ""}${count.toLocaleString("en")} ${jobsNoun(count)}`;
}

function jobsNoun(count: number): string {
  return count === 1 ? "job" : "jobs";
}

function resultText({ changed, refused }: ManyResult, { done, refusal }: JobsChange): string {
  const text = `${changed.toLocaleString("en")} ${jobsNoun(changed)} ${done}`;
  return refused === 0
    ? text
    : `${text}, ${refused.toLocaleString("en")} left as they are: ${refusal}`;
}

/** @throws {UsageError} where nobody can be asked, and {FailedError} after another answer than yes. */
async function ask(
  matching: number,
  hasMore: boolean,
  { verb, done }: JobsChange,
  io: Io,
): Promise<void> {
  const count = countText(matching, hasMore);
  if (!io.isInteractive) {
    throw new UsageError(`${count} would be ${done}, more than ${MOST_UNASKED}: --yes does it`);
  }
  await io.stderr.write(`${verb} ${count.replace(/^M/, "m")}? [y/N] `);
  const answer = await firstLine(io.stdin);
  if (!/^y(es)?$/i.test(answer.trim())) throw new FailedError("Nothing was changed");
}

async function firstLine(pieces: AsyncIterable<string>): Promise<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}

/** More than one pass of the library. */
const SHOWN_ABOVE = 1_000;

/** Shows on a terminal how far a change of many jobs has come, and clears that at the end. */
async function withProgress(
  total: string,
  matching: number,
  { stderr, env }: Io,
  work: (onProgress: ManyOptions["onProgress"]) => Promise<ManyResult>,
): Promise<ManyResult> {
  if (!stderr.isTerminal || env.TERM === "dumb" || matching <= SHOWN_ABOVE) {
    return await work(undefined);
  }
  let shown = Promise.resolve();
  const write = (text: string) => {
    // An output that cannot be written to must not end the change half-way.
    shown = shown.then(() => stderr.write(text)).catch(() => {});
  };
  try {
    return await work(({ changed, refused }) =>
      write(`\r${(changed + refused).toLocaleString("en")} of ${total.replace(/^M/, "m")}`)
    );
  } finally {
    write("\r\u001b[K");
    await shown;
  }
}
