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
import type { Hooks } from "./hooks.ts";
import type { StoreMaintenance } from "./maintenance.ts";
import type { Job } from "../job/job.ts";
import { checkInteger, longestTimerMs, mostReleases } from "../job/job_options.ts";
import { checkOptionNames, type OptionNames } from "../job/option_names.ts";
import type { Enqueue } from "../job/queues.ts";
import { reportToConsole } from "../report_to_console.ts";
import { traceEndsOf } from "../store/rules.ts";
import type { Store } from "../store/store.ts";
import { readSpanRules, type SpanRuleOptions, type SpanRules } from "../trace/rules.ts";
import type { JobScope } from "../trace/scope.ts";

/** A worker's limits and hooks. Everything has a default. */
export interface WorkerOptions<AJob = Job> extends Hooks<AJob>, SpanRuleOptions {
  /** How many jobs run at once, 1 to 10,000. Default 10. */
  readonly concurrency?: number | undefined;
  /**
   * How long a claimed job is the worker's, in ms; extended every third of it while the job runs.
   * When a process dies, its jobs run elsewhere after this. At least four times as long as the store
   * takes to answer: where it is less, `onError` is told once. Default 30,000, at least 100.
   */
  readonly leaseMs?: number | undefined;
  /** The limit of one attempt, in ms, for jobs without their own. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** The wait before a retry, for jobs without their own: a rule, or a function of the attempt. */
  readonly backoff?: Backoff | BackoffFunction | undefined;
  /** How often to ask an idle store, in ms. Default: what the store says. */
  readonly pollMs?: number | undefined;
  /** How often expired leases are swept and old jobs removed, in ms. Default 1,000. */
  readonly maintenanceMs?: number | undefined;
  /**
   * How often in a row a job that runs is released at a stop without being charged, 0 to 32,767.
   * The next time counts as a failed attempt. Default 10.
   */
  readonly maxReleases?: number | undefined;
  /** How long `stop` waits for running jobs before it releases them, in ms. Default 10,000. */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * How long the end of a tick or a run may take when its jobs are over, in ms: for hooks, for spans
   * to be sent, for a store that does not answer. Default 5,000.
   */
  readonly endTimeoutMs?: number | undefined;
  /**
   * Told what is nobody's outcome: a hook that threw, a store that fails. Of several workers in a pool
   * each is told of their store, a function that they share once. Default: prints it
   * with `console.error`, without what steers a terminal.
   */
  readonly onError?: ((error: unknown) => unknown) | undefined;
}

/** The queue that a worker works for. */
export interface WorkSource {
  /** Where the jobs live. */
  readonly store: Store;
  /** The largest result, in bytes of JSON. */
  readonly maxPayloadBytes: number;
  /** How long ended jobs are kept for lookup, in ms. */
  readonly retentionMs: number;
  /** The maintenance of the store, shared by all workers of the queue. */
  readonly maintenance: StoreMaintenance;
  /** How spans are made of its jobs, where the worker says nothing. */
  readonly spanRules: SpanRules;
  /** `enqueue` as a part of a running job. */
  enqueueFrom(scope: JobScope): Enqueue<Record<string, unknown>>;
}

/** A worker's options with every default decided. */
export interface WorkerSettings {
  readonly source: WorkSource;
  readonly queueName: string;
  readonly handler: Handler<Record<string, unknown>, string>;
  readonly hooks: Hooks<never>;
  readonly concurrency: number;
  readonly leaseMs: number;
  readonly timeoutMs: number | undefined;
  readonly backoff: Backoff | BackoffFunction;
  readonly pollMs: number;
  readonly maintenanceMs: number;
  readonly maxReleases: number;
  readonly stopTimeoutMs: number;
  readonly endTimeoutMs: number;
  readonly spanRules: SpanRules;
  readonly onError: (error: unknown) => void;
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
  const { backoff = defaultBackoff, timeoutMs } = options;
  return {
    source,
    queueName,
    handler,
    hooks: options,
    concurrency: checkInteger("concurrency", options.concurrency ?? 10, 1, 10_000),
    leaseMs: ms("leaseMs", options.leaseMs ?? 30_000, 100),
    timeoutMs: timeoutMs === undefined ? undefined : ms("timeoutMs", timeoutMs, 1),
    backoff: typeof backoff === "function" ? backoff : checkBackoff(backoff),
    pollMs: ms("pollMs", options.pollMs ?? source.store.hints.pollMs, 1),
    maintenanceMs: ms("maintenanceMs", options.maintenanceMs ?? 1_000, 0),
    maxReleases: checkInteger("maxReleases", options.maxReleases ?? 10, 0, mostReleases),
    stopTimeoutMs: ms("stopTimeoutMs", options.stopTimeoutMs ?? 10_000, 0),
    endTimeoutMs: ms("endTimeoutMs", options.endTimeoutMs ?? 5_000, 0),
    spanRules: readSpanRules(options, source.spanRules),
    onError: shielded(options.onError ?? reportToConsole),
  };
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
  concurrency: true,
  leaseMs: true,
  timeoutMs: true,
  backoff: true,
  pollMs: true,
  maintenanceMs: true,
  maxReleases: true,
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

const shieldedByOwn = new WeakMap<object, (error: unknown) => void>();

/** Reporting an error must not become one. Workers that share a function still share it after this. */
function shielded(onError: (error: unknown) => unknown): (error: unknown) => void {
  const known = shieldedByOwn.get(onError);
  if (known !== undefined) return known;
  const report = async (error: unknown) => {
    try {
      // It may be asynchronous, whatever its type says.
      await onError(error);
    } catch {
      // There is nobody left to tell.
    }
  };
  shieldedByOwn.set(onError, report);
  return report;
}

/** Tells each worker what concerns them all, those that share a function once. */
export function toAll(settings: readonly WorkerSettings[]): (error: unknown) => void {
  const reports = new Set(settings.map(({ onError }) => onError));
  return (error) => reports.forEach((report) => report(error));
}
