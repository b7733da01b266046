/**
 * Acting on many jobs: the filter and the options, checked, and pass after pass.
 *
 * @module
 */
import { checkOptionNames, InputTypeError, type OptionNames, shown } from "../job/checks.ts";
import { toCancellation } from "../job/errors.ts";
import { checkJobOptions } from "../job/job_options.ts";
import type { Operator } from "../job/record.ts";
import { type JobFilter, toRecordFilter } from "../queue/find.ts";
import { checkSwitch, readOperator } from "../queue/job_change.ts";
import type { ChangeFilter, ChangeResult, MassChange, Store } from "../store/store.ts";

/**
 * Which jobs to act on: as for `find`, but one field must have a value, and `traceId` is only that
 * of a job itself, not that of an attempt.
 */
export type ManyFilter<Name extends string = string> = Omit<
  JobFilter<Name>,
  "limit" | "cursor" | "include"
>;

/** How far a call has come. */
export interface ManyProgress {
  /** The number of jobs that were changed. */
  readonly changed: number;
  /** The number of jobs that were looked at and left as they are. */
  readonly refused: number;
}

/** Options of a call that acts on many jobs. */
export interface ManyOptions {
  /** Who does it, for `job.operation`: at most 200 characters. */
  readonly by?: string | undefined;
  /**
   * Why, for `job.operation`: at most 10,000 characters. It is also the message of the error of a
   * job that is cancelled, by default "Cancelled by an operator".
   */
  readonly reason?: string | undefined;
  /** Whether the jobs are only counted, up to 10,000. Default: false. */
  readonly dryRun?: boolean | undefined;
  /** Called after each pass. What it throws ends the call; the passes before stay done. */
  readonly onProgress?: ((progress: ManyProgress) => void) | undefined;
}

/** Options of a retry of many jobs. */
export interface RetryManyOptions extends ManyOptions {
  /** Whether dependents that were cancelled because of one of them come back. Default: true. */
  readonly dependents?: boolean | undefined;
  /** Whether jobs are retried even if a dependency did not complete. Default: false. */
  readonly force?: boolean | undefined;
}

/** When and in what order jobs are to run. One of the three must be set; not both times. */
export interface RescheduleManyOptions extends ManyOptions {
  /** When they are due. A time that has passed is now. */
  readonly runAt?: Date | undefined;
  /** After what time they are due, in ms; 0: now. */
  readonly delayMs?: number | undefined;
  /** Their new priority. */
  readonly priority?: number | undefined;
}

/** The answer of a call that acts on many jobs. */
export interface ManyResult extends ManyProgress {
  /** In a dry run: how many jobs it would look at, counted up to 10,000. */
  readonly matching?: number | undefined;
  /** In a dry run: whether there are more than that. */
  readonly hasMore?: boolean | undefined;
}

/** How many jobs a pass looks at. */
const passLimit = 1_000;

/** How far a dry run counts. */
const mostCounted = 10_000;

const filterNames: OptionNames<ManyFilter> = {
  ids: true,
  queueName: true,
  status: true,
  traceId: true,
  correlationId: true,
  parent: true,
  createdFrom: true,
  createdBefore: true,
};

const optionNames: OptionNames<ManyOptions> = {
  by: true,
  reason: true,
  dryRun: true,
  onProgress: true,
};

type Changing = Pick<Store, "change" | "countMatching">;

/** Cancels the jobs that match. */
export async function cancelMany(
  store: Changing,
  filter: ManyFilter,
  options: ManyOptions = {},
): Promise<ManyResult> {
  checkOptionNames("A cancellation", options, optionNames);
  const { reason = "Cancelled by an operator" } = options;
  const change = { type: "cancel", error: toCancellation(reason), operator: operatorOf(options) };
  return await actOnMany(store, filter, change as MassChange, options);
}

/** Retries the jobs that match. */
export async function retryMany(
  store: Changing,
  filter: ManyFilter,
  options: RetryManyOptions = {},
): Promise<ManyResult> {
  const names = { ...optionNames, dependents: true, force: true };
  checkOptionNames<RetryManyOptions>("A retry", options, names);
  const { dependents, force } = options;
  checkSwitch("dependents", dependents);
  checkSwitch("force", force);
  const operator = operatorOf(options);
  return await actOnMany(store, filter, { type: "retry", dependents, force, operator }, options);
}

/** Changes when the jobs that match are due, or their priority. */
export async function rescheduleMany(
  store: Changing,
  filter: ManyFilter,
  options: RescheduleManyOptions,
): Promise<ManyResult> {
  const names = { ...optionNames, runAt: true, delayMs: true, priority: true };
  checkOptionNames<RescheduleManyOptions>("A rescheduling", options, names);
  const { runAt, delayMs, priority } = options;
  checkJobOptions({ runAt, delayMs, priority });
  if (runAt === undefined && delayMs === undefined && priority === undefined) {
    throw new InputTypeError("A rescheduling needs runAt, delayMs or priority: got none");
  }
  return await actOnMany(store, filter, {
    type: "reschedule",
    runAt: runAt?.getTime(),
    delayMs,
    priority,
    operator: operatorOf(options),
  }, options);
}

/** Removes the jobs that match. */
export async function deleteMany(
  store: Changing,
  filter: ManyFilter,
  options: ManyOptions = {},
): Promise<ManyResult> {
  checkOptionNames("A deletion", options, optionNames);
  operatorOf(options);
  return await actOnMany(store, filter, { type: "delete" }, options);
}

/** Whoever calls is an operator, also without a name. */
function operatorOf({ by, reason }: ManyOptions): Operator {
  return readOperator({ by, reason });
}

async function actOnMany(
  store: Changing,
  filter: ManyFilter,
  change: MassChange,
  { dryRun, onProgress }: ManyOptions,
): Promise<ManyResult> {
  checkSwitch("dryRun", dryRun);
  checkListener(onProgress);
  const matching = toChangeFilter(filter);
  if (dryRun === true) return await countMany(store, matching, change.type);
  const total = { changed: 0, refused: 0 };
  let sweep: ManyProgress;
  do {
    sweep = await sweepOnce(store, matching, change, ({ changed, refused }) => {
      total.changed += changed;
      total.refused += refused;
      onProgress?.({ ...total });
    });
  } while (goesOn(matching, change) && sweep.changed > 0);
  return total;
}

function checkListener(onProgress: unknown): void {
  if (onProgress === undefined || typeof onProgress === "function") return;
  throw new InputTypeError(`onProgress must be a function: got ${shown(onProgress)}`);
}

/** The filter of a store for a filter of many jobs, checked. */
export function toChangeFilter(filter: ManyFilter): ChangeFilter {
  checkOptionNames<ManyFilter>("A filter", filter, filterNames);
  const { ids, queueNames, statuses, traceId, correlationId, parentId, ...times } = toRecordFilter(
    filter,
  );
  const { createdFrom, createdBefore } = times;
  return {
    ids,
    queueNames,
    statuses,
    traceId,
    correlationId,
    parentId,
    createdFrom,
    createdBefore,
  };
}

async function countMany(
  store: Changing,
  filter: ChangeFilter,
  type: MassChange["type"],
): Promise<ManyResult> {
  const count = await store.countMatching(filter, type, mostCounted);
  return {
    changed: 0,
    refused: 0,
    matching: Math.min(count, mostCounted),
    hasMore: count > mostCounted,
  };
}

/** Whether jobs that are added meanwhile are meant too: what is cancelled is a whole process. */
function goesOn({ traceId, correlationId }: ChangeFilter, { type }: MassChange): boolean {
  return type === "cancel" && (traceId ?? correlationId) !== undefined;
}

/** Goes over all jobs that match, once. Says how many were changed. */
async function sweepOnce(
  store: Changing,
  filter: ChangeFilter,
  change: MassChange,
  onPass: (pass: ChangeResult) => void,
): Promise<ManyProgress> {
  let [changed, refused] = [0, 0];
  let rest: ChangeFilter | undefined = filter;
  while (rest !== undefined) {
    const pass: ChangeResult = await store.change(rest, change, { limit: passLimit });
    changed += pass.changed;
    refused += pass.refused;
    onPass(pass);
    rest = restOf(rest, change, pass);
  }
  return { changed, refused };
}

/**
 * The filter of the next pass of a sweep; `undefined` after the last one. Unless it is to go on, it is
 * of the jobs that were there, as they were, at the time of the first pass.
 */
export function restOf(
  filter: ChangeFilter,
  change: MassChange,
  { after, at }: ChangeResult,
): ChangeFilter | undefined {
  if (after === undefined) return undefined;
  if (goesOn(filter, change) || filter.asOf !== undefined) return { ...filter, after };
  const createdBefore = Math.min(filter.createdBefore ?? Infinity, at + 1);
  return { ...filter, after, asOf: at, createdBefore };
}
