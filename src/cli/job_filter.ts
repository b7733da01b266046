/**
 * The options that choose jobs, the same for a list and for changes of many.
 *
 * @module
 */
import { shownWithNearest } from "../job/checks.ts";
import { checkCorrelationId, checkQueueName, readTraceId } from "../job/ids.ts";
import { type JobStatus, jobStatuses } from "../job/status.ts";
import type { JobFilter } from "../queue/find.ts";
import type { JobQueue } from "../queue/queue.ts";
import type { Arguments, Options } from "./arguments.ts";
import { asUsage, UsageError } from "./errors.ts";
import { findJobId } from "./find_by_end.ts";
import { nearestQueueName } from "./queue_names.ts";
import type { Style } from "./text/style.ts";

/** The options, each of which is a field of a filter. */
export const filterOptions: Options = {
  "trace-id": { value: "ID", help: "jobs of this trace: 32 hex digits or a UUID" },
  "correlation-id": { value: "ID", help: "jobs of this business process" },
  queue: { value: "NAME", help: "jobs of this queue" },
  status: {
    value: "STATUS",
    multiple: true,
    choices: jobStatuses,
    help: "jobs with this status, or one of several (a,b)",
  },
  parent: { value: "ID", help: "child jobs of this job" },
  "created-from": { value: "TIME", help: "created since 15m, 2h, 7d (ago) or an ISO time" },
  "created-before": { value: "TIME", help: "created before this time, in the same forms" },
};

/** The fields of a filter that choose jobs. */
export type ChosenJobs = Pick<
  JobFilter,
  | "traceId"
  | "correlationId"
  | "queueName"
  | "status"
  | "parent"
  | "createdFrom"
  | "createdBefore"
>;

/** The names of the options that were given. */
export function filterOptionsIn(args: Arguments): readonly string[] {
  return Object.keys(filterOptions).filter((name) => args.has(name));
}

/**
 * Reads what needs no store: all but the parent, which can be the end of an id.
 *
 * @throws {UsageError} for a value of the wrong form or range.
 */
export function readFilter(args: Arguments): Omit<ChosenJobs, "parent"> {
  const checked = <T>(name: string, check: (text: string) => T): T | undefined => {
    const text = args.text(name);
    return text === undefined ? undefined : asUsage(`--${name}`, () => check(text));
  };
  return {
    traceId: checked("trace-id", readTraceId),
    correlationId: checked("correlation-id", checkCorrelationId),
    queueName: checked("queue", checkQueueName),
    status: args.list("status")?.map(readStatus),
    createdFrom: args.moment("created-from"),
    createdBefore: args.moment("created-before"),
  };
}

/** The id of the job that --parent names. */
export async function readParent(
  queue: JobQueue,
  args: Arguments,
  style: Style,
): Promise<string | undefined> {
  const parent = args.text("parent");
  return parent === undefined ? undefined : await findJobId(queue, parent, style);
}

/** The end of a sentence that says that no job was found: the queue that was perhaps meant. */
export async function queueAdvice(queue: JobQueue, args: Arguments): Promise<string> {
  const name = args.text("queue");
  const nearest = name === undefined ? undefined : await nearestQueueName(queue, name);
  return nearest === undefined ? "" : `; did you mean --queue ${nearest}?`;
}

function readStatus(text: string): JobStatus {
  if (jobStatuses.includes(text as JobStatus)) return text as JobStatus;
  throw new UsageError(
    `--status must be one of ${jobStatuses.join(", ")}: got ${shownWithNearest(text, jobStatuses)}`,
  );
}
