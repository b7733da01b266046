/**
 * Acting on many jobs: the filter and the options, checked, and pass after pass.
 *
 * @module
 */
import { checkOptionNames, InputTypeError, type OptionNames, shown } from "../job/checks.ts";
import { toCancellation } from "../job/errors.ts";
import { checkJobOptions } from "../job/job_options.ts";
import type { Operator } from "../job/record.ts";
import { choiceNames, type JobFilter, toRecordFilter } from "../queue/find.ts";
import { checkSwitch, readOperator } from "../queue/job_change.ts";
import type { ChangeFilter, MassChange, Store } from "../store/store.ts";

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
  return await actOnMany(store, filter, cancellationOf(options), options);
}

/** Retries the jobs that match. */
export async function retryMany(
  store: Changing,
  filter: ManyFilter,
  options: RetryManyOptions = {},
): Promise<ManyResult> {
  return await actOnMany(store, filter, retryOf(options), options);
}

/** Changes when the jobs that match are due, or their priority. */
export async function rescheduleMany(
  store: Changing,
  filter: ManyFilter,
  options: RescheduleManyOptions,
): Promise<ManyResult> {
  return await actOnMany(store, filter, reschedulingOf(options), options);
}

/** Removes the jobs that match. */
export async function deleteMany(
  store: Changing,
  filter: ManyFilter,
  options: ManyOptions = {},
): Promise<ManyResult> {
  return await actOnMany(store, filter, deletionOf(options), options);
}

/** The change of a store for checked options. */
export function cancellationOf(options: ManyOptions): MassChange {
  checkOptionNames("A cancellation", options, optionNames);
  const { reason = "Cancelled by an operator" } = options;
  return { type: "cancel", error: toCancellation(reason), operator: operatorOf(options) };
}

/** The change of a store for checked options. */
export function retryOf(options: RetryManyOptions): MassChange {
  const names = { ...optionNames, dependents: true, force: true };
  checkOptionNames<RetryManyOptions>("A retry", options, names);
  const { dependents, force } = options;
  checkSwitch("dependents", dependents);
  checkSwitch("force", force);
  return { type: "retry", dependents, force, operator: operatorOf(options) };
}

/** The change of a store for checked options. */
export function reschedulingOf(options: RescheduleManyOptions): MassChange {
  const names = { ...optionNames, runAt: true, delayMs: true, priority: true };
  checkOptionNames<RescheduleManyOptions>("A rescheduling", options, names);
  const { runAt, delayMs, priority } = options;
  checkJobOptions({ runAt, delayMs, priority });
  if (runAt === undefined && delayMs === undefined && priority === undefined) {
    throw new InputTypeError("A rescheduling needs runAt, delayMs or priority: got none");
  }
  const operator = operatorOf(options);
  return { type: "reschedule", runAt: runAt?.getTime(), delayMs, priority, operator };
}

/** The change of a store for checked options. */
export function deletionOf(options: ManyOptions): MassChange {
  checkOptionNames("A deletion", options, optionNames);
  operatorOf(options);
  return { type: "delete" };
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
  return await changeMany(store, matching, change, { onProgress });
}

/** When a call has done enough, and who is told meanwhile. */
interface ChangeManyOptions {
  /** It ends with the pass in which it has looked at so many jobs. Default: no limit. */
  readonly enough?: number | undefined;
  readonly onProgress?: ManyOptions["onProgress"];
}

/** Changes the jobs that match, pass after pass. */
export async function changeMany(
  store: Changing,
  filter: ChangeFilter,
  change: MassChange,
  { enough = Infinity, onProgress }: ChangeManyOptions,
): Promise<ManyProgress> {
  let [changed, refused] = [0, 0];
  let place: Place | undefined;
  do {
    const pass = await passOver(store, filter, change, place);
    changed += pass.changed;
    refused += pass.refused;
    onProgress?.({ changed, refused });
    place = pass.next;
  } while (place !== undefined && changed + refused < enough);
  return { changed, refused };
}

/** Refuses what is neither a function nor left out. */
export function checkListener(onProgress: unknown): void {
  if (onProgress === undefined || typeof onProgress === "function") return;
  throw new InputTypeError(`onProgress must be a function: got ${shown(onProgress)}`);
}

/** The filter of a store for a filter of many jobs, checked. */
export function toChangeFilter(filter: ManyFilter): ChangeFilter {
  checkOptionNames<ManyFilter>("A filter", filter, choiceNames);
  const { before: _, limit: __, maxBytes: ___, include: ____, ...fields } = toRecordFilter(filter);
  return fields;
}

/** Counts the jobs that match and that a change is for, up to 10,000. */
export async function countMany(
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

/** Where a call goes on after a pass. */
export interface Place {
  /** The sequence of the last job that was looked at; 0: it begins anew with the oldest. */
  readonly after: number;
  /** The time of the first pass, in ms since 1970. */
  readonly at: number;
  /** Whether a job was changed since it began with the oldest. */
  readonly hasChanged: boolean;
}

/** What a pass did, and where the next one goes on; `undefined` when nothing is left to do. */
export interface ManyPass extends ManyProgress {
  readonly next: Place | undefined;
}

/** One pass over at most 1,000 of the jobs that match. */
export async function passOver(
  store: Changing,
  filter: ChangeFilter,
  change: MassChange,
  place: Place | undefined,
): Promise<ManyPass> {
  const isOfAll = goesOn(filter, change);
  const rest = place === undefined ? filter : restOf(filter, place, isOfAll);
  const { changed, refused, after, at } = await store.change(rest, change, { limit: passLimit });
  const hasChanged = changed > 0 || place?.hasChanged === true;
  const next = { after: after ?? 0, at: place?.at ?? at, hasChanged };
  if (after !== undefined) return { changed, refused, next };
  // Another look from the beginning, as long as one has found something.
  const again = isOfAll && hasChanged ? { ...next, hasChanged: false } : undefined;
  return { changed, refused, next: again };
}

/** Whether jobs that are added meanwhile are meant too: what is cancelled is a whole process. */
function goesOn({ traceId, correlationId }: ChangeFilter, { type }: MassChange): boolean {
  return type === "cancel" && (traceId ?? correlationId) !== undefined;
}

/** Unless all are meant, it is of the jobs that were there, as they were, at the first pass. */
function restOf(filter: ChangeFilter, { after, at }: Place, isOfAll: boolean): ChangeFilter {
  if (isOfAll) return { ...filter, after };
  const createdBefore = Math.min(filter.createdBefore ?? Infinity, at + 1);
  return { ...filter, after, asOf: at, createdBefore };
}
