/**
 * `hammerwork job retry`, `job cancel`, `job reschedule` and `job delete`.
 *
 * @module
 */
import { longestDelayMs } from "../../job/backoff.ts";
import { changeableStatuses } from "../../job/status.ts";
import { cancelMany, deleteMany, rescheduleMany, retryMany } from "../../operate/act_on_many.ts";
import { toRetried } from "../../queue/job_change.ts";
import type { JobQueue } from "../../queue/queue.ts";
import type { Arguments } from "../arguments.ts";
import type { Command } from "../command.ts";
import { UsageError } from "../errors.ts";
import {
  changeJobs,
  changeNotes,
  changeOptions,
  type FoundJob,
  type JobsChange,
  type OneChange,
  operatorOptions,
  readOperatorOptions,
} from "./change_jobs.ts";

const operands = [{ name: "ID", optional: true, multiple: true }];

/** Retries jobs. */
export const jobRetry: Command = {
  name: "job retry",
  summary: "Makes failed or cancelled jobs ready again.",
  operands,
  options: {
    force: { help: "even if a job that it depends on did not complete" },
    "no-dependents": { help: "leave the dependents that its failure cancelled as they are" },
    ...operatorOptions,
    ...changeOptions,
  },
  notes: `A retried job has at least one more attempt.\n\n${changeNotes}`,
  examples: ["job retry abc123", "job retry --queue email_queue --created-from 2h --dry-run"],
  run: (args, io) => {
    const operator = readOperatorOptions(args, io);
    const options = { force: args.has("force"), dependents: !args.has("no-dependents") };
    return changeJobs("job retry", args, io, {
      verb: "Retry",
      done: "retried",
      refusal: "a dependency of each did not complete, or it has had all attempts",
      one: async (queue, { id }) => {
        const changed = await queue.store.retry(id, { ...options, operator });
        return changed && toRetried(changed);
      },
      many: (queue, filter, more) =>
        retryMany(queue.store, filter, { ...options, ...operator, ...more }),
    });
  },
};

/** Cancels jobs. */
export const jobCancel: Command = {
  name: "job cancel",
  summary: "Cancels jobs and their dependents.",
  operands,
  options: {
    descendants: { help: "of IDs: also their child jobs, the children of these, and so on" },
    ...operatorOptions,
    ...changeOptions,
  },
  notes: "The reason becomes the error of the job. By --trace-id or --correlation-id it goes\n" +
    `on until no job is left, also of those that are enqueued meanwhile.\n\n${changeNotes}`,
  examples: [
    `job cancel abc123 def456 --reason "The order was withdrawn"`,
    "job cancel --correlation-id order-12345",
  ],
  run: (args, io) => {
    const operator = readOperatorOptions(args, io);
    const descendants = args.has("descendants");
    if (descendants && args.operands.length === 0) {
      throw new UsageError("--descendants is for ids only; --trace-id names a whole trace");
    }
    return changeJobs("job cancel", args, io, {
      verb: "Cancel",
      done: "cancelled",
      refusal: "they ended in the meantime",
      one: (queue, { id }) => queue.cancel(id, { descendants, ...operator }),
      many: (queue, filter, more) => cancelMany(queue.store, filter, { ...operator, ...more }),
    });
  },
};

/** Changes when jobs run. */
export const jobReschedule: Command = {
  name: "job reschedule",
  summary: "Changes when waiting jobs are due, or their priority.",
  operands,
  options: {
    now: { help: "due now" },
    delay: { value: "TIME", help: "due in 30s, 15m, 2h from now" },
    at: { value: "TIME", help: "due at this ISO time" },
    priority: { value: "N", help: "higher runs first" },
    ...operatorOptions,
    ...changeOptions,
  },
  notes: "It changes jobs that are scheduled, ready, retrying or blocked. One that is due\n" +
    "and stays due keeps its place, and a blocked one waits for its dependencies all\n" +
    `the same.\n\n${changeNotes}`,
  examples: [
    "job reschedule abc123 --now",
    "job reschedule --queue report_queue --status scheduled --delay 2h",
  ],
  run: (args, io) => {
    const operator = readOperatorOptions(args, io);
    const times = readTimes(args);
    return changeJobs("job reschedule", args, io, {
      verb: "Reschedule",
      done: "rescheduled",
      refusal: "they started in the meantime",
      ...byIds(
        "reschedule",
        (queue, filter, more) =>
          rescheduleMany(queue.store, filter, { ...times, ...operator, ...more }),
      ),
    });
  },
};

/** Deletes jobs. */
export const jobDelete: Command = {
  name: "job delete",
  summary: "Deletes jobs that have ended.",
  operands,
  options: changeOptions,
  notes: "It deletes completed, failed and cancelled jobs with their attempts, as retention\n" +
    "does, but none on which an unfinished job depends. Child jobs stay.\n\n" +
    changeNotes,
  examples: ["job delete --status cancelled --created-before 2d --dry-run"],
  run: (args, io) =>
    changeJobs("job delete", args, io, {
      verb: "Delete",
      done: "deleted",
      refusal: "an unfinished job depends on each",
      ...byIds("delete", (queue, filter, more) => deleteMany(queue.store, filter, more)),
    }),
};

/** A change that the library knows of many jobs only; for one it is of the jobs with that id. */
function byIds(
  type: "reschedule" | "delete",
  many: JobsChange["many"],
): Pick<JobsChange, "one" | "many"> {
  const one = async (queue: JobQueue, job: FoundJob): Promise<OneChange> => {
    const { changed } = await many(queue, { ids: [job.id] }, {});
    if (type === "delete" && changed === 1) return { job, changed: true, reason: undefined };
    const after = await queue.get(job.id) ?? job;
    const reason = changed === 1 ? undefined : reasonOf(type, after);
    return { job: after, changed: changed === 1, reason };
  };
  return { one, many };
}

function reasonOf(type: "reschedule" | "delete", { status }: FoundJob): string {
  const isOfStatus = changeableStatuses[type].includes(status);
  if (type === "reschedule") {
    return isOfStatus
      ? "It was changed in the meantime"
      : `Only a job that waits can be rescheduled: this one is ${status}`;
  }
  return isOfStatus
    ? "An unfinished job depends on it"
    : `Only a job that has ended can be deleted: this one is ${status}`;
}

interface NewTimes {
  readonly delayMs: number | undefined;
  readonly runAt: Date | undefined;
  readonly priority: number | undefined;
}

function readTimes(args: Arguments): NewTimes {
  const given = ["now", "delay", "at"].filter((name) => args.has(name));
  if (given.length > 1) {
    throw new UsageError(`A job is due at one time: got --${given.join(" and --")}`);
  }
  const priority = args.integer("priority", -32_768, 32_767);
  if (given.length === 0 && priority === undefined) {
    throw new UsageError("hammerwork job reschedule needs --now, --delay, --at or --priority");
  }
  const delayMs = args.has("now") ? 0 : args.duration("delay");
  if ((delayMs ?? 0) > longestDelayMs) throw new UsageError("--delay is too long");
  return { delayMs, runAt: args.time("at"), priority };
}
