/**
 * Everything that a process can be started to measure.
 *
 * @module
 */
import { drain } from "./drain.ts";
import { enqueue } from "./enqueue.ts";
import { idleClaim } from "./idle_claim.ts";
import { enqueueElsewhere, latency, latencyElsewhere } from "./latency.ts";
import { workSlowly } from "./slow_jobs.ts";

/** The tasks by their names. */
export interface Tasks {
  readonly drain: typeof drain;
  readonly enqueue: typeof enqueue;
  readonly enqueueElsewhere: typeof enqueueElsewhere;
  readonly idleClaim: typeof idleClaim;
  readonly latency: typeof latency;
  readonly latencyElsewhere: typeof latencyElsewhere;
  readonly workSlowly: typeof workSlowly;
}

/** The tasks. */
export const tasks: Tasks = {
  drain,
  enqueue,
  enqueueElsewhere,
  idleClaim,
  latency,
  latencyElsewhere,
  workSlowly,
};

/** The name of a task. */
export type TaskName = keyof Tasks;

/** The options of a task. */
export type TaskOptions<Name extends TaskName> = Parameters<Tasks[Name]>[0];

/** What a task measures. */
export type TaskAnswer<Name extends TaskName> = Awaited<ReturnType<Tasks[Name]>>;
