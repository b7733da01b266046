/**
 * Actions on all jobs that match a filter: which there are, in which queues a request may do them, and
 * how much one request does.
 *
 * @module
 */
import { InputRangeError, shown } from "../job/checks.ts";
import { changeableStatuses, type JobStatus } from "../job/status.ts";
import {
  cancellationOf,
  changeMany,
  countMany,
  type ManyFilter,
  type ManyOptions,
  type ManyProgress,
  type ManyResult,
  reschedulingOf,
  retryOf,
  toChangeFilter,
} from "../operate/act_on_many.ts";
import type { JobQueue } from "../queue/queue.ts";
import type { MassChange } from "../store/store.ts";
import type { Rights } from "../http/rights.ts";

/** An action. */
export interface ManyAction {
  /** Its name in an address. */
  readonly name: "retry" | "cancel" | "run-now";
  /** The `operation` of which `authorize` is told. */
  readonly operation: string;
  /** What it is called on a button. */
  readonly label: string;
  /** What was done. */
  readonly past: string;
  /** The statuses of the jobs that it is for. */
  readonly statuses: readonly JobStatus[];
  /** The change of a store that it is. */
  readonly change: (options: ManyOptions) => MassChange;
}

/** All actions. */
export const manyActions: readonly ManyAction[] = [
  {
    name: "retry",
    operation: "retryJobs",
    label: "Retry",
    past: "retried",
    statuses: changeableStatuses.retry,
    change: retryOf,
  },
  {
    name: "run-now",
    operation: "rescheduleJobs",
    label: "Run now",
    past: "due now",
    statuses: ["scheduled", "retrying"],
    change: (options) => reschedulingOf({ ...options, delayMs: 0 }),
  },
  {
    name: "cancel",
    operation: "cancelJobs",
    label: "Cancel",
    past: "cancelled",
    statuses: changeableStatuses.cancel,
    change: cancellationOf,
  },
];

/** The action with a name. */
export function readManyAction(name: string | null): ManyAction {
  const action = manyActions.find((one) => one.name === name);
  if (action !== undefined) return action;
  const known = manyActions.map((one) => one.name).join(", ");
  throw new InputRangeError(`do must be one of ${known}: got ${shown(name)}`);
}

/** The actions that a job with one of these statuses allows; without statuses all. */
export function actionsFor(statuses: readonly JobStatus[] | undefined): readonly ManyAction[] {
  if (statuses === undefined) return manyActions;
  const all = new Set(statuses);
  return manyActions.filter((action) => action.statuses.some((one) => all.has(one)));
}

/** How many jobs one request looks at. */
const MOST_IN_A_REQUEST = 10_000;

/** Counts the jobs that an action is for, in the queues in which the request may do it. */
export async function countForAction(
  { store }: JobQueue,
  rights: Rights,
  action: ManyAction,
  filter: ManyFilter,
): Promise<ManyResult> {
  const allowed = await inWritableQueues(store, rights, forAction(action, filter));
  if (allowed === undefined) return { changed: 0, refused: 0, matching: 0, hasMore: false };
  return await countMany(store, toChangeFilter(allowed), action.change({}).type);
}

/** Runs an action on the jobs that match, in the queues in which the request may do it. */
export async function runAction(
  { store }: JobQueue,
  rights: Rights,
  action: ManyAction,
  { filter, reason }: { readonly filter: ManyFilter; readonly reason: string | undefined },
): Promise<ManyProgress> {
  const allowed = await inWritableQueues(store, rights, forAction(action, filter));
  if (allowed === undefined) return { changed: 0, refused: 0 };
  const change = action.change({ reason });
  return await changeMany(store, toChangeFilter(allowed), change, { enough: MOST_IN_A_REQUEST });
}

/** What the action is for is also what is counted. */
function forAction({ statuses }: ManyAction, filter: ManyFilter): ManyFilter {
  if (filter.status === undefined) return { ...filter, status: statuses };
  const both = [filter.status].flat().filter((one) => statuses.includes(one));
  // A status that the action is not for matches nothing.
  return { ...filter, status: both.length === 0 ? filter.status : both };
}

async function inWritableQueues(
  store: JobQueue["store"],
  rights: Rights,
  filter: ManyFilter,
): Promise<ManyFilter | undefined> {
  if (rights.isPublic("write")) return filter;
  const named = filter.queueName === undefined
    ? await rights.queuesWith("write") ?? (await store.counts()).map((one) => one.queueName)
    : [filter.queueName].flat();
  const queueName: string[] = [];
  for (const name of new Set(named)) {
    if (await rights.may("read", name) && await rights.may("write", name)) queueName.push(name);
  }
  return queueName.length === 0 ? undefined : { ...filter, queueName };
}
