/**
 * Enqueue: from what a caller gives to what a store keeps, with the send span around the one write.
 *
 * @module
 */
import { inDependencyOrder } from "../job/graph.ts";
import { checkOptionNames, inPart, type OptionNames, UnknownJobError } from "../job/checks.ts";
import { inherit, type Parents, type Surroundings } from "./inheritance.ts";
import { jobOptionNames, type JobOptions } from "../job/job_options.ts";
import { measureSend } from "../metrics/measure.ts";
import { checkJob, makeJob, type NewJob } from "../job/new_job.ts";
import type { JobInput, JobPart } from "../job/record.ts";
import type { InTransaction } from "../job/queues.ts";
import { unknownParent } from "../store/rules.ts";
import type { Added, Store } from "../store/store.ts";
import { type EnqueueTrace, startEnqueueTrace } from "../trace/enqueue_spans.ts";
import type { SpanRules } from "../trace/rules.ts";
import { activeTracer } from "../trace/tracer.ts";
import { toFoundJob } from "../job/from_record.ts";
import { payloadText, toInput } from "./to_input.ts";

/** Where jobs go, and how. */
export interface Destination<Transaction> {
  readonly store: Store<Transaction>;
  /** The largest payload, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** How its spans are made. */
  readonly spanRules: SpanRules;
  /** The parts to return of the jobs. Default: all. */
  readonly include?: readonly JobPart[] | undefined;
}

/** The ways to call `enqueue`. */
export type EnqueueArguments<Transaction> =
  | [queueName: string, payload: unknown, options?: JobOptions & InTransaction<Transaction>]
  | [newJob: NewJob, options?: InTransaction<Transaction>]
  | [newJobs: readonly NewJob[], options?: InTransaction<Transaction>];

/** Stores one job or a list of them, in one step, and returns what is stored in the same form. */
export async function enqueueJobs<Transaction>(
  destination: Destination<Transaction>,
  args: EnqueueArguments<Transaction>,
  surroundings: Surroundings,
): Promise<unknown> {
  const { newJobs, transaction } = readArguments(args);
  if (newJobs.length === 0) return [];
  const isList = Array.isArray(args[0]);
  try {
    const results = await enqueueAll(destination, newJobs, transaction, surroundings);
    return isList ? results : results[0];
  } catch (error) {
    throw error instanceof UnknownJobError ? inPart(error, placeOf(error, newJobs, isList)) : error;
  }
}

/** Where jobs refer to one that is not stored. */
function placeOf({ jobId }: UnknownJobError, newJobs: readonly NewJob[], isList: boolean): string {
  for (const [i, { parentId, dependsOn = [] }] of newJobs.entries()) {
    const place = isList ? `[${i}].` : "";
    if (dependsOn.includes(jobId)) return `${place}dependsOn[${dependsOn.indexOf(jobId)}]`;
    if (parentId === jobId) return `${place}parent`;
  }
  return "";
}

async function enqueueAll<Transaction>(
  destination: Destination<Transaction>,
  newJobs: readonly NewJob[],
  transaction: Transaction | undefined,
  surroundings: Surroundings,
): Promise<readonly unknown[]> {
  const payloads = newJobs.map((one) => payloadText(one, destination.maxPayloadBytes));
  const payloadOf = new Map(newJobs.map(({ id }, i) => [id, payloads[i]!]));
  const ordered = inDependencyOrder(newJobs);
  const parents = await storedParents(destination.store, ordered);
  const outgoingJobs = inherit(ordered, parents, surroundings);
  const sender = { span: surroundings.span, rules: destination.spanRules };
  const enqueueTrace = startEnqueueTrace(outgoingJobs, sender);
  const inputs = outgoingJobs.map((outgoing, i) =>
    toInput(outgoing, enqueueTrace.creations[i]!, payloadOf.get(outgoing.job.id)!)
  );
  const { store, include } = destination;
  const write = () => store.add(inputs, { transaction, include });
  const added = await endSpansWith(enqueueTrace, () => measureSend(outgoingJobs, write));
  // What a caller's transaction stores may not come to be.
  if (transaction === undefined) tellCancelled(added, inputs, surroundings);
  const enqueued = new Map(added.map(({ job, deduplicated }, i) => [
    ordered[i]!.id,
    { ...toFoundJob(job), deduplicated },
  ]));
  return newJobs.map(({ id }) => enqueued.get(id)!);
}

/** Tells the running job's worker of those that were cancelled as they were stored. */
function tellCancelled(
  added: readonly Added[],
  inputs: readonly JobInput[],
  { scope }: Surroundings,
): void {
  if (scope?.onCancelled === undefined) return;
  const cancelled = added.flatMap(({ job, deduplicated }, i) =>
    deduplicated || job.status !== "cancelled" ? [] : { ...job, payload: inputs[i]!.payload }
  );
  if (cancelled.length > 0) scope.onCancelled(cancelled);
}

/** The spans end with the write, whatever comes of it. */
async function endSpansWith(
  enqueueTrace: EnqueueTrace,
  write: () => Promise<readonly Added[]>,
): Promise<readonly Added[]> {
  let added: readonly Added[];
  try {
    added = await write();
  } catch (error) {
    enqueueTrace.fail(error);
    throw error;
  }
  enqueueTrace.end(added);
  return added;
}

function readArguments<Transaction>(
  args: EnqueueArguments<Transaction>,
): { newJobs: readonly NewJob[]; transaction: Transaction | undefined } {
  if (typeof args[0] === "string") {
    const [, , given = {}] = args;
    checkOptionNames("A job", given, enqueueOptionNames);
    const { transaction, ...options } = given;
    return { newJobs: [makeJob(args[0], args[1], options)], transaction };
  }
  const { transaction } = readTransaction(args[1] as InTransaction<Transaction> | undefined);
  const newJobs = Array.isArray(args[0]) ? args[0] as readonly NewJob[] : [args[0] as NewJob];
  // Plain data can come from anywhere, so it is checked again.
  for (const [i, newJob] of newJobs.entries()) {
    try {
      checkJob(newJob);
    } catch (error) {
      throw Array.isArray(args[0]) ? inPart(error, `[${i}]`) : error;
    }
  }
  return { newJobs, transaction };
}

const transactionNames: OptionNames<InTransaction<unknown>> = { transaction: true };
const enqueueOptionNames = { ...jobOptionNames, ...transactionNames };

/** Jobs that were made have their options: beside them there is only the transaction. */
function readTransaction<Transaction>(
  options: InTransaction<Transaction> = {},
): InTransaction<Transaction> {
  checkOptionNames("With jobs made by job(), enqueue", options, transactionNames);
  return options;
}

/** Parents that are known only by their id, to inherit from. */
async function storedParents<Transaction>(
  store: Store<Transaction>,
  jobs: readonly NewJob[],
): Promise<Parents> {
  const here = new Set(jobs.map(({ id }) => id));
  const asked = jobs.filter((job) =>
    job.parentId && !here.has(job.parentId) && !inheritsNothing(job)
  );
  const ids = [...new Set(asked.map(({ parentId }) => parentId!))];
  if (ids.length === 0) return new Map();
  const found = await store.find({ ids, limit: ids.length, include: [] });
  const parents = new Map(found.jobs.map((parent) => [parent.id, parent]));
  for (const { parentId, traceId } of asked) {
    // With a trace of its own it may belong to one that only the caller's transaction can see.
    if (parents.has(parentId!) || traceId !== undefined) continue;
    throw unknownParent(parentId!);
  }
  return parents;
}

function inheritsNothing(job: NewJob): boolean {
  const { traceId = job.parentTraceId, correlationId, parentTraceparent } = job;
  if (traceId === undefined || correlationId === undefined) return false;
  return parentTraceparent !== undefined || activeTracer() === undefined;
}
