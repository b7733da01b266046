/**
 * Adding jobs: which of them are there already, and the status of those that are new.
 *
 * @module
 */
import {
  type FoundRecord,
  type JobError,
  type JobInput,
  type JobPart,
  type JobRecord,
  recordWith,
} from "../../job/record.ts";
import { hasEnded, type JobStatus } from "../../job/status.ts";
import { copyOf } from "../find.ts";
import {
  checkSameJob,
  dependencyFailed,
  failedDependencyOf,
  parentCancelled,
  unknownDependency,
} from "../rules.ts";
import type { AddedJob } from "../store.ts";
import type { JobRow } from "./job_table.ts";
import type { Step } from "./step.ts";

/** What an input comes to: a job that is stored, or a new one. */
interface Resolution {
  readonly id: string;
  /** The stored job. */
  readonly known?: FoundRecord;
  /** The input that becomes a new job. */
  readonly input?: JobInput;
  /** Its dependencies and its parent, as they are stored. */
  readonly dependsOn: readonly string[];
  readonly parentId?: string | undefined;
  /** The new job, once it is stored. */
  job?: JobRecord;
}

/** Adds jobs in the given order. All is checked before anything is changed. */
export function add<Row extends JobRow>(
  step: Step<Row>,
  inputs: readonly JobInput[],
  include?: readonly JobPart[],
): readonly AddedJob[] {
  const resolved = resolve(step, inputs, include);
  const statuses = storedStatuses(step, resolved);
  return resolved.map((one) => {
    const { known, job } = one;
    if (known !== undefined) return { job: known, deduplicated: true };
    if (job === undefined) {
      one.job = insert(step, one, statuses);
      return { job: recordWith(one.job, include), deduplicated: false };
    }
    // What a caller does to one answer is not to change the other.
    return { job: recordWith(copyOf(job), include), deduplicated: true };
  });
}

/** Each input's job. Of inputs with one id or one key, the first makes the job. */
function resolve<Row extends JobRow>(
  { jobs }: Step<Row>,
  inputs: readonly JobInput[],
  include: readonly JobPart[] | undefined,
): readonly Resolution[] {
  const stored = jobs.known(inputs, include);
  const byId = new Map<string, Resolution>();
  const byKey = new Map<string, Resolution>();
  return inputs.map((input, i) => {
    const { queueName, idempotencyKey } = input;
    const key = idempotencyKey === undefined ? undefined : `${queueName} ${idempotencyKey}`;
    const known = stored[i];
    const earlier = byId.get(input.id);
    if (earlier?.input !== undefined) {
      checkSameJob(input, earlier.input, input.payload === earlier.input.payload);
    } else if (known !== undefined) checkSameJob(input, known.job, known.hasSamePayload);
    const one = earlier ??
      (known !== undefined
        ? { id: known.job.id, known: known.job, dependsOn: [] }
        : (key === undefined ? undefined : byKey.get(key)) ?? newJob(input, byId));
    byId.set(input.id, one);
    if (key !== undefined) byKey.set(key, one);
    return one;
  });
}

/** Its dependencies and its parent are under another id where the same call deduplicated them. */
function newJob(input: JobInput, byId: ReadonlyMap<string, Resolution>): Resolution {
  const { id, dependsOn, parentId } = input;
  const storedId = (id: string) => byId.get(id)?.id ?? id;
  return {
    id,
    input,
    dependsOn: dependsOn.length === 0 ? [] : [...new Set(dependsOn.map(storedId))],
    parentId: parentId === undefined ? undefined : storedId(parentId),
  };
}

/** The statuses of all dependencies and parents that were stored before. Most calls have none. */
function storedStatuses<Row extends JobRow>(
  { jobs }: Step<Row>,
  resolved: readonly Resolution[],
): Map<string, JobStatus> | undefined {
  if (!resolved.some(refersToOthers)) return undefined;
  const own = new Set<string>();
  const dependencies = new Set<string>();
  const parents: string[] = [];
  for (const { id, input, dependsOn, parentId } of resolved) {
    for (const dependency of dependsOn) if (!own.has(dependency)) dependencies.add(dependency);
    if (parentId !== undefined) parents.push(parentId);
    if (input !== undefined) own.add(id);
  }
  const statuses = new Map(jobs.statuses([...new Set([...dependencies, ...parents])]));
  for (const id of dependencies) if (!statuses.has(id)) throw unknownDependency(id);
  return statuses;
}

function refersToOthers({ dependsOn, parentId }: Resolution): boolean {
  return dependsOn.length > 0 || parentId !== undefined;
}

function insert<Row extends JobRow>(
  step: Step<Row>,
  { input, dependsOn, parentId }: Resolution,
  statuses: Map<string, JobStatus> | undefined,
): JobRecord {
  const { now, jobs } = step;
  const { delayMs = 0, runAt = now + delayMs } = input!;
  const job = newRecord(input!, dependsOn, parentId, now, Math.max(runAt, now));
  const error = statuses && cancellationOf(job, statuses);
  const unfinished = job.dependsOn.filter((id) => !hasEnded(statuses!.get(id)!));
  if (error !== undefined) Object.assign(job, { status: "cancelled", finishedAt: now, error });
  else if (unfinished.length > 0) job.status = "blocked";
  else job.status = job.runAt <= now ? "ready" : "scheduled";
  job.sequence = jobs.insert(job);
  // Others of this call may refer to it.
  statuses?.set(job.id, job.status);
  if (error !== undefined) step.ended(jobs.row(job.id)!, "cancelled");
  else if (unfinished.length > 0) jobs.waitFor(job.id, unfinished);
  else step.readyQueues.add(job.queueName);
  return job;
}

/** Why a job is cancelled as it is added, if it is. */
function cancellationOf(
  job: JobRecord,
  statuses: ReadonlyMap<string, JobStatus>,
): JobError | undefined {
  const { parentId } = job;
  const isParentCancelled = parentId !== undefined && statuses.get(parentId) === "cancelled";
  if (isParentCancelled) return parentCancelled(parentId);
  const failed = failedDependencyOf(job, (id) => statuses.get(id));
  return failed && dependencyFailed(failed);
}

type MutableRecord = { -readonly [Key in keyof JobRecord]: JobRecord[Key] };

// Each field in its place from the first: records of one shape are copied quickly.
function newRecord(
  input: JobInput,
  dependsOn: readonly string[],
  parentId: string | undefined,
  now: number,
  runAt: number,
): MutableRecord {
  return {
    sequence: 0,
    id: input.id,
    queueName: input.queueName,
    status: "ready",
    payload: input.payload,
    priority: input.priority,
    attempts: 0,
    releases: 0,
    snoozes: 0,
    maxAttempts: input.maxAttempts,
    backoff: input.backoff,
    timeoutMs: input.timeoutMs,
    idempotencyKey: input.idempotencyKey,
    dependsOn,
    onDependencyFailure: input.onDependencyFailure,
    traceId: input.traceId,
    correlationId: input.correlationId,
    parentId,
    traceparent: input.traceparent,
    tracestate: input.tracestate,
    baggage: input.baggage,
    propagation: input.propagation,
    createdAt: now,
    runAt,
    startedAt: undefined,
    finishedAt: undefined,
    result: undefined,
    error: undefined,
    attemptTraceparent: undefined,
    workerName: undefined,
  };
}
