/**
 * Enqueue: checks what a caller passes, decides what each job inherits, starts the spans, and
 * stores the jobs in one write.
 *
 * @module
 */
import { checkOptionNames, inPart, type OptionNames, UnknownJobError } from "../job/checks.ts";
import { toFoundJob } from "../job/from_record.ts";
import { inDependencyOrder } from "../job/graph.ts";
import { jobOptionNames, type JobOptions } from "../job/job_options.ts";
import { toJson } from "../job/json.ts";
import { checkJob, makeJob, type NewJob } from "../job/new_job.ts";
import type { InTransaction } from "../job/queues.ts";
import type { JobInput, JobPart } from "../job/record.ts";
import { measureSend } from "../metrics/measure.ts";
import { unknownParent } from "../store/rules.ts";
import type { AddedJob, Store } from "../store/store.ts";
import {
  type CreationContext,
  type EnqueueTrace,
  type OutgoingJob,
  startEnqueueTrace,
} from "../trace/enqueue_spans.ts";
import type { SpanRules } from "../trace/rules.ts";
import { activeTracer } from "../trace/tracer.ts";
import { type EnqueueContext, inherit, type Parents } from "./inheritance.ts";

/** How one queue enqueues its jobs. */
export interface EnqueueSettings<Transaction> {
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
  settings: EnqueueSettings<Transaction>,
  args: EnqueueArguments<Transaction>,
  context: EnqueueContext,
): Promise<unknown> {
  const { newJobs, transaction } = readEnqueueArguments(args);
  if (newJobs.length === 0) return [];
  const isList = Array.isArray(args[0]);
  try {
    const results = await enqueueAll(settings, newJobs, transaction, context);
    return isList ? results : results[0];
  } catch (error) {
    throw error instanceof UnknownJobError
      ? inPart(error, inputPathOf(error, newJobs, isList))
      : error;
  }
}

/** The part of the input that refers to a job that is not stored. */
function inputPathOf(
  { jobId }: UnknownJobError,
  newJobs: readonly NewJob[],
  isList: boolean,
): string {
  for (const [i, { parentId, dependsOn = [] }] of newJobs.entries()) {
    const place = isList ? `[${i}].` : "";
    if (dependsOn.includes(jobId)) return `${place}dependsOn[${dependsOn.indexOf(jobId)}]`;
    if (parentId === jobId) return `${place}parent`;
  }
  return "";
}

async function enqueueAll<Transaction>(
  settings: EnqueueSettings<Transaction>,
  newJobs: readonly NewJob[],
  transaction: Transaction | undefined,
  context: EnqueueContext,
): Promise<readonly unknown[]> {
  const { store, include, maxPayloadBytes } = settings;
  const payloadOf = new Map(
    newJobs.map(({ id, payload }) => [id, toJson(payload, "payload", maxPayloadBytes)]),
  );
  const ordered = inDependencyOrder(newJobs);
  const parents = await storedParents(store, ordered);
  const outgoingJobs = inherit(ordered, parents, context);
  const sender = { span: context.span, rules: settings.spanRules };
  const enqueueTrace = startEnqueueTrace(outgoingJobs, sender);
  const inputs = outgoingJobs.map((outgoing, i) =>
    toInput(outgoing, enqueueTrace.creations[i]!, payloadOf.get(outgoing.job.id)!)
  );
  const write = () => store.add(inputs, { transaction, include });
  const added = await endSpansWith(enqueueTrace, () => measureSend(outgoingJobs, write));
  // A caller's transaction can still be rolled back.
  if (transaction === undefined) reportCancelled(added, inputs, context);
  const enqueued = new Map(added.map(({ job, deduplicated }, i) => [
    ordered[i]!.id,
    Object.assign(toFoundJob(job), { deduplicated }),
  ]));
  return newJobs.map(({ id }) => enqueued.get(id)!);
}

/** Reports the jobs that were stored as cancelled to the worker of the running job. */
function reportCancelled(
  added: readonly AddedJob[],
  inputs: readonly JobInput[],
  { scope }: EnqueueContext,
): void {
  if (scope?.onCancelled === undefined) return;
  const cancelled = added.flatMap(({ job, deduplicated }, i) =>
    deduplicated || job.status !== "cancelled" ? [] : { ...job, payload: inputs[i]!.payload }
  );
  if (cancelled.length > 0) scope.onCancelled(cancelled);
}

/** Ends the spans when the write has ended, in success or failure. */
async function endSpansWith(
  enqueueTrace: EnqueueTrace,
  write: () => Promise<readonly AddedJob[]>,
): Promise<readonly AddedJob[]> {
  let added: readonly AddedJob[];
  try {
    added = await write();
  } catch (error) {
    enqueueTrace.fail(error);
    throw error;
  }
  enqueueTrace.end(added);
  return added;
}

function readEnqueueArguments<Transaction>(
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
  // A job is plain data and may not have been made by job(), so it is checked again.
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

/** A job made by `job()` has its options already; only the transaction can be passed beside it. */
function readTransaction<Transaction>(
  options: InTransaction<Transaction> = {},
): InTransaction<Transaction> {
  checkOptionNames("With jobs made by job(), enqueue", options, transactionNames);
  return options;
}

/** Reads the parents of which only the id is known and from which something is inherited. */
async function storedParents<Transaction>(
  store: Store<Transaction>,
  jobs: readonly NewJob[],
): Promise<Parents> {
  const here = new Set(jobs.map(({ id }) => id));
  const needed = jobs.filter((job) =>
    job.parentId && !here.has(job.parentId) && inheritsFromParent(job)
  );
  const ids = [...new Set(needed.map(({ parentId }) => parentId!))];
  if (ids.length === 0) return new Map();
  const found = await store.find({ ids, limit: ids.length, include: [] });
  const parents = new Map(found.jobs.map((parent) => [parent.id, parent]));
  for (const { parentId, traceId, parentTraceId = traceId } of needed) {
    // Where the trace is known, the parent may be one that only the caller's transaction can see.
    if (parents.has(parentId!) || parentTraceId !== undefined) continue;
    throw unknownParent(parentId!);
  }
  return parents;
}

function inheritsFromParent(job: NewJob): boolean {
  const { traceId = job.parentTraceId, correlationId, parentTraceparent } = job;
  if (traceId === undefined || correlationId === undefined) return true;
  return parentTraceparent === undefined && activeTracer() !== undefined;
}

/** The record to store of a checked job and what it inherits, with all defaults. */
function toInput(
  outgoing: OutgoingJob,
  creation: CreationContext,
  payload: string,
): JobInput {
  const { job, correlationId, parentId, baggage } = outgoing;
  return {
    id: job.id,
    queueName: job.queueName,
    payload,
    priority: job.priority ?? 0,
    delayMs: job.delayMs,
    runAt: job.runAt?.getTime(),
    maxAttempts: job.maxAttempts ?? 3,
    backoff: job.backoff && JSON.stringify(job.backoff),
    timeoutMs: job.timeoutMs,
    idempotencyKey: job.idempotencyKey,
    dependsOn: [...new Set(job.dependsOn)],
    onDependencyFailure: job.onDependencyFailure ?? "cancel",
    traceId: creation.traceId,
    correlationId,
    parentId,
    traceparent: creation.traceparent,
    tracestate: creation.tracestate,
    baggage,
    // A job with a trace id of its own stays in this trace.
    propagation: job.traceId === undefined ? job.propagation : "child",
  };
}
