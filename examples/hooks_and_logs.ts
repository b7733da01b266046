/**
 * What a worker reports: hooks for the events of a job, and log lines that carry the ids of the job
 * and of its trace.
 *
 *     node examples/hooks_and_logs.ts
 *
 * It prints a line of JSON for each event of three payments: one completes, one completes at its
 * second attempt, one fails for good.
 *
 * In a project of your own, import from "hammerwork" where this imports ../mod.ts.
 */
import { type JobLifecycleEvent, JobQueue, logFields, memory, NonRetryableError } from "../mod.ts";

interface Queues {
  payment_queue: { amount: number };
}

/** A logger. With pino it is `pino({ mixin: () => logFields() })`. */
function log(message: string, fields: object = {}): void {
  console.log(JSON.stringify({ message, ...fields, ...logFields() }));
}

function logEvent(event: JobLifecycleEvent): void {
  const { type, job, attempt } = event;
  log(`job ${type}`, {
    job_id: job.id,
    correlation_id: job.correlationId,
    attempt,
    duration_ms: "durationMs" in event ? Math.round(event.durationMs) : undefined,
    error: "error" in event ? event.error.message : undefined,
  });
}

const queue = new JobQueue<Queues>({ store: memory() });
const worker = queue.worker("payment_queue", ({ payload: { amount }, attempts }) => {
  log("charging"); // logFields() knows the job that this runs for
  if (amount < 0) throw new NonRetryableError("An amount must not be negative");
  if (amount > 100 && attempts === 1) throw new Error("The gateway answered 503");
}, {
  backoff: { type: "fixed", delayMs: 20 },
  // Called after the outcome is recorded. A hook that throws changes nothing for the job.
  onJobComplete: logEvent,
  onJobRetry: logEvent,
  onJobFail: logEvent,
  onTraceComplete: ({ traceId }) => log("trace complete", { trace_id: traceId }),
});

for (const [i, amount] of [5, 299, -1].entries()) {
  await queue.enqueue("payment_queue", { amount }, { correlationId: `order-${i + 1}` });
}
let { nextInMs } = await worker.tick();
while (nextInMs !== undefined) {
  await new Promise((resolve) => setTimeout(resolve, nextInMs));
  ({ nextInMs } = await worker.tick());
}
