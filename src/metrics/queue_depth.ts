/**
 * The depth of queues as a metric. It asks the store at each collection, so it is there only for who
 * wants it.
 *
 * @module
 */
import { diag } from "@opentelemetry/api";
import { toJobError } from "../job/thrown.ts";
import type { Health, QueueDepth } from "../store/health.ts";
import { checkInteger, longestTimerMs } from "../job/job_options.ts";
import { checkOptionNames } from "../job/option_names.ts";
import { within } from "../within.ts";
import { activeMeter, onMeterChange } from "./meter.ts";
import { addQueueGauges } from "./queue_gauges.ts";

/** How the depth of queues is observed. */
export interface QueueDepthOptions {
  /** How long a collection waits for the store, in ms; later answers are left out. Default 1,000. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Reports the depth of every queue of a store, which is asked once for each collection:
 * `hammerwork.queue.jobs`, by queue and by `hammerwork.job.state` (`ready`, `running`, `waiting`),
 * and `hammerwork.queue.oldest_ready_job.age` in s, 0 when none is ready. A queue that has run dry
 * is 0. They are gauges: several processes that observe one store say the same, and a sum would count
 * it several times, so one of them is enough.
 *
 * A store that fails or does not answer in time makes a gap, and a warning in OpenTelemetry's `diag`.
 * Call it once a meter provider is registered; one that comes later, or in its place, is found as
 * soon as this process enqueues or works.
 *
 * ```ts
 * import { JobQueue, memory, observeQueueDepth } from "hammerwork";
 *
 * const queue = new JobQueue({ store: memory() });
 * const stopObserving = observeQueueDepth(queue, { timeoutMs: 500 });
 * stopObserving();
 * ```
 *
 * @returns Ends the reports.
 */
export function observeQueueDepth(
  queue: { health(): Promise<Health> },
  options: QueueDepthOptions = {},
): () => void {
  checkOptionNames("An observed queue depth", options, { timeoutMs: true });
  const timeoutMs = checkInteger("timeoutMs", options.timeoutMs ?? 1_000, 1, longestTimerMs);
  const ask = newQuestion(queue, timeoutMs);
  const known = new Set<string>();
  const depths = async () => {
    const health = await ask();
    return health === undefined ? [] : withEmptyOnes(health.queues, known);
  };
  let removeGauges = addQueueGauges(activeMeter(), depths);
  const stopListening = onMeterChange((meter) => {
    removeGauges();
    removeGauges = addQueueGauges(meter, depths);
  });
  return () => {
    stopListening();
    removeGauges();
  };
}

/** Asks the store, but never twice at once: who comes while it is silent waits for the same answer. */
function newQuestion(
  queue: { health(): Promise<Health> },
  timeoutMs: number,
): () => Promise<Health | undefined> {
  let asked: Promise<Health> | undefined;
  return async () => {
    let answer: Health | undefined;
    try {
      asked ??= queue.health().finally(() => asked = undefined);
      await within(timeoutMs, asked.then((health) => answer = health));
      if (answer === undefined) warn(`It did not answer within ${timeoutMs} ms`);
    } catch (error) {
      warn(toJobError(error).message);
    }
    return answer;
  };
}

function warn(problem: string): void {
  try {
    diag.warn(`The store did not tell the depth of its queues: ${problem}`);
  } catch {
    // A logger that throws must not keep other instruments from being collected.
  }
}

/** Adds the queues that were there before: theirs is no unknown depth, but none. */
function withEmptyOnes(depths: readonly QueueDepth[], known: Set<string>): readonly QueueDepth[] {
  const empty = new Set(known);
  for (const { queueName } of depths) {
    known.add(queueName);
    empty.delete(queueName);
  }
  const none = { ready: 0, running: 0, waiting: 0, oldestReadyMs: undefined };
  return [...depths, ...[...empty].map((queueName) => ({ queueName, ...none }))];
}
