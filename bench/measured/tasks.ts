/**
 * Everything that a process can be started to measure.
 *
 * @module
 */
import { completeAwaited, enqueueWorkflows } from "./dependents.ts";
import { drain } from "./drain.ts";
import { enqueue } from "./enqueue.ts";
import { enqueueInBulk } from "./enqueue_cost.ts";
import { heartbeats } from "./heartbeat.ts";
import { idleClaim } from "./idle_claim.ts";
import { enqueueElsewhere, latency, latencyElsewhere } from "./latency.ts";
import { workSlowly } from "./slow_jobs.ts";

/** The tasks by their names. */
export interface Tasks {
  readonly completeAwaited: typeof completeAwaited;
  readonly drain: typeof drain;
  readonly enqueue: typeof enqueue;
  readonly enqueueElsewhere: typeof enqueueElsewhere;
  readonly enqueueInBulk: typeof enqueueInBulk;
  readonly enqueueWorkflows: typeof enqueueWorkflows;
  readonly heartbeats: typeof heartbeats;
  readonly idleClaim: typeof idleClaim;
  readonly latency: typeof latency;
  readonly latencyElsewhere: typeof latencyElsewhere;
  readonly workSlowly: typeof workSlowly;
}

/** The tasks. */
export const tasks: Tasks = {
  completeAwaited,
  drain,
  enqueue,
  enqueueElsewhere,
  enqueueInBulk,
  enqueueWorkflows,
  heartbeats,
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
