/**
 * A worker's options, and its settings: the options with every default decided.
 *
 * @module
 */
import {
  type Backoff,
  type BackoffFunction,
  checkBackoff,
  defaultBackoff,
} from "../job/backoff.ts";
import type { Handler } from "./handler.ts";
import { hasJobHooks, type Hooks } from "./hooks.ts";
import type { StoreMaintenance } from "./maintenance.ts";
import type { Job } from "../job/job.ts";
import { checkInteger, checkOptionNames, type OptionNames } from "../job/checks.ts";
import { checkCorrelationId } from "../job/ids.ts";
import { longestTimerMs, mostInARow } from "../job/job_options.ts";
import type { Enqueue } from "../job/queues.ts";
import { reportToConsole } from "../report_to_console.ts";
import { traceEndsOf } from "../store/rules.ts";
import type { Retention, Store } from "../store/store.ts";
import type { Presence, Presences } from "./presence.ts";
import { readSpanRules, type SpanRuleOptions, type SpanRules } from "../trace/rules.ts";
import type { JobScope } from "../trace/scope.ts";

/** A worker's limits and hooks. Everything has a default. */
export interface WorkerOptions<AJob = Job> extends Hooks<AJob>, SpanRuleOptions {
  /**
   * Its name, 1 to 255 characters: jobs and attempts have it, and spans as `hammerwork.worker.name`.
   * Workers of one name are one to an operator. Default: the host and the process, such as `web-1:42`,
   * where the runtime tells them; else a random name for each `JobQueue`.
   */
  readonly name?: string | undefined;
  /** How many jobs run at once, 1 to 10,000. Default 10. */
  readonly concurrency?: number | undefined;
  /**
   * How long the lease on a claimed job lasts, in ms. It is extended after a third of that while the
   * job runs; the jobs of a process that ends run elsewhere when their leases have expired. Where the
   * store takes more than a quarter of it to answer, `onError` is called once. At least 100.
   * Default 30,000.
   */
  readonly leaseMs?: number | undefined;
  /** The time limit of an attempt, in ms, for jobs that have none of their own. Default: no limit. */
  readonly timeoutMs?: number | undefined;
  /**
   * The wait before a retry, for jobs that have no rule of their own: a rule, or a function of the
   * attempt. Default: exponential, about 1 s, 2 s, 4 s … up to an hour.
   */
  readonly backoff?: Backoff | BackoffFunction | undefined;
  /** How often an idle store is asked for jobs, in ms. Default: the store's `hints.pollMs`. */
  readonly pollMs?: number | undefined;
  /** How often expired leases are swept and old jobs removed, in ms. Default 1,000. */
  readonly maintenanceMs?: number | undefined;
  /**
   * How often in a row an attempt of a job may be released at a stop without being charged, 0 to
   * 32,767. The next one counts as failed. Default 10.
   */
  readonly maxReleases?: number | undefined;
  /**
   * How often in a row the handler of a job may ask to be run again later, by a `RetryAfterError`, 0
   * to 32,767. The next time the job fails. Default 1,000.
   */
  readonly maxSnoozes?: number | undefined;
  /** How long `stop` waits for running jobs before it releases them, in ms. Default 10,000. */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * How long the end of a tick or a run may take once its jobs have ended, in ms: for hooks that have
   * not returned, for spans to be sent, for a store that does not answer. Default 5,000.
   */
  readonly endTimeoutMs?: number | undefined;
  /**
   * Called with errors that are not the outcome of a job: of a hook that threw, of a store that fails.
   * In a pool each worker's function is called for the store's errors; one that several workers share
   * is called once. Default: prints the error with `console.error`, without control characters.
   */
  readonly onError?: ((error: unknown) => unknown) | undefined;
}

/** What a worker gets from its `JobQueue`. */
export interface WorkSource {
  /** Where the jobs are stored. */
  readonly store: Store;
  /** The largest result, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** How long ended jobs are kept for lookup, in ms. */
  readonly retentionMs: Retention;
  /** The maintenance of the store, shared by all workers of the queue. */
  readonly maintenance: StoreMaintenance;
  /** The presences of its workers. */
  readonly presences: Presences;
  /** How spans are made of its jobs, unless the worker's options say otherwise. */
  readonly spanRules: SpanRules;
  /** Makes an `enqueue` that adds jobs as a part of a running job. */
  enqueueFrom(scope: JobScope): Enqueue<Record<string, unknown>>;
}

/** A worker's options with every default decided. */
export interface WorkerSettings {
  readonly source: WorkSource;
  readonly queueName: string;
  readonly presence: Presence;
  readonly handler: Handler<Record<string, unknown>, string>;
  readonly hooks: Hooks<never>;
  /** Whether there is a hook for the events of jobs. */
  readonly hasJobHooks: boolean;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly timeoutMs: number | undefined;
  readonly backoff: Backoff | BackoffFunction;
  readonly pollMs: number;
  readonly maintenanceMs: number;
  readonly maxReleases: number;
  readonly maxSnoozes: number;
  readonly stopTimeoutMs: number;
  readonly endTimeoutMs: number;
  readonly spanRules: SpanRules;
  /** Calls `reportError`, whatever that throws. */
  readonly onError: (error: unknown) => void;
  /** The function that was given as `onError`, or the default one. Workers may share it. */
  readonly reportError: (error: unknown) => unknown;
}

/** Checks a worker's options and fills in what they leave out. */
export function withDefaults(
  source: WorkSource,
  queueName: string,
  handler: WorkerSettings["handler"],
  options: WorkerOptions<never>,
): WorkerSettings {
  if (typeof handler !== "function") {
    throw new TypeError(`A handler must be a function of a job: got ${typeof handler}`);
  }
  checkOptionNames("A worker", options, optionNames);
  checkFunctions(options);
  if (options.onTraceComplete !== undefined) traceEndsOf(source.store, "onTraceComplete");
  const ms = (name: string, value: number, least: number) =>
    checkInteger(name, value, least, longestTimerMs);
  const { backoff = defaultBackoff, timeoutMs, onError: reportError = reportToConsole } = options;
  return named(options.name, {
    source,
    queueName,
    presence: source.presences.named(),
    handler,
    hooks: options,
    hasJobHooks: hasJobHooks(options),
    concurrency: checkInteger("concurrency", options.concurrency ?? 10, 1, 10_000),
    leaseMs: ms("leaseMs", options.leaseMs ?? 30_000, 100),
    timeoutMs: timeoutMs === undefined ? undefined : ms("timeoutMs", timeoutMs, 1),
    backoff: typeof backoff === "function" ? backoff : checkBackoff(backoff),
    pollMs: ms("pollMs", options.pollMs ?? source.store.hints.pollMs, 1),
    maintenanceMs: ms("maintenanceMs", options.maintenanceMs ?? 1_000, 0),
    maxReleases: checkInteger("maxReleases", options.maxReleases ?? 10, 0, mostInARow),
    maxSnoozes: checkInteger("maxSnoozes", options.maxSnoozes ?? 1_000, 0, mostInARow),
    stopTimeoutMs: ms("stopTimeoutMs", options.stopTimeoutMs ?? 10_000, 0),
    endTimeoutMs: ms("endTimeoutMs", options.endTimeoutMs ?? 5_000, 0),
    spanRules: readSpanRules(options, source.spanRules),
    onError: shielded(reportError),
    reportError,
  });
}

/** The settings of a worker with a name, or with the one that it has. */
export function named(name: string | undefined, settings: WorkerSettings): WorkerSettings {
  const { source, spanRules } = settings;
  const presence = name === undefined
    ? settings.presence
    : source.presences.named(checkCorrelationId(name, "A worker's name"));
  return { ...settings, presence, spanRules: { ...spanRules, workerName: () => presence.name! } };
}

const functionNames: OptionNames<Hooks<never> & Pick<WorkerOptions, "onError" | "spanAttributes">> =
  {
    onJobStart: true,
    onJobComplete: true,
    onJobFail: true,
    onJobRetry: true,
    onJobTimeout: true,
    onJobCancel: true,
    onTraceComplete: true,
    onError: true,
    spanAttributes: true,
  };
const optionNames: OptionNames<WorkerOptions> = {
  name: true,
  concurrency: true,
  leaseMs: true,
  timeoutMs: true,
  backoff: true,
  pollMs: true,
  maintenanceMs: true,
  maxReleases: true,
  maxSnoozes: true,
  stopTimeoutMs: true,
  endTimeoutMs: true,
  propagation: true,
  childWithinMs: true,
  ...functionNames,
};

/** A hook that is no function would fail each time. */
function checkFunctions(options: WorkerOptions<never>): void {
  for (const name of Object.keys(functionNames) as readonly (keyof typeof functionNames)[]) {
    const value: unknown = options[name];
    if (value === undefined || typeof value === "function") continue;
    throw new TypeError(`${name} must be a function: got ${typeof value}`);
  }
}

/** Reporting an error must not become one. */
function shielded(reportError: (error: unknown) => unknown): (error: unknown) => void {
  return async (error) => {
    try {
      // It may be asynchronous, whatever its type says.
      await reportError(error);
    } catch {
      // There is nothing left to report it to.
    }
  };
}

/** The workers that one loop works for, and what their settings come to together. */
export interface WorkerGroup {
  readonly workers: readonly WorkerSettings[];
  readonly byQueue: ReadonlyMap<string, WorkerSettings>;
  readonly source: WorkSource;
  /** How many jobs run at once, over all queues. */
  readonly concurrency: number;
  readonly hasJobHooks: boolean;
  readonly hasTraceHooks: boolean;
  /** The longest of theirs, as the next two. */
  readonly leaseMs: number;
  readonly stopTimeoutMs: number;
  readonly endTimeoutMs: number;
  /** The shortest of theirs. */
  readonly maintenanceMs: number;
  /** Calls the `onError` of each worker for what concerns them all; one that several share once. */
  readonly onError: (error: unknown) => void;
}

/** Makes a group of workers for one store. */
export function groupOf(workers: readonly WorkerSettings[], concurrency: number): WorkerGroup {
  const onErrors = new Map(workers.map(({ reportError, onError }) => [reportError, onError]));
  return {
    workers,
    byQueue: new Map(workers.map((one) => [one.queueName, one])),
    source: workers[0]!.source,
    concurrency,
    hasJobHooks: workers.some((one) => one.hasJobHooks),
    hasTraceHooks: workers.some(({ hooks }) => hooks.onTraceComplete !== undefined),
    leaseMs: Math.max(...workers.map((one) => one.leaseMs)),
    stopTimeoutMs: Math.max(...workers.map((one) => one.stopTimeoutMs)),
    endTimeoutMs: Math.max(...workers.map((one) => one.endTimeoutMs)),
    maintenanceMs: Math.min(...workers.map((one) => one.maintenanceMs)),
    onError: (error) => onErrors.forEach((onError) => onError(error)),
  };
}
