/**
 * Everything that a process can be started to measure.
 *
 * @module
 */
import { claimInVain } from "./claim_in_vain.ts";
import { drain } from "./drain.ts";
import { enqueue } from "./enqueue.ts";
import { expectNoneLeft } from "./expect_none_left.ts";
import { fill } from "./fill.ts";
import { latencyWithin, takeCalls, takeStarts } from "./latency.ts";
import { waitForTheEnd, workUntilTold } from "./share.ts";
import { offerSteadily, offerUntilTold, steadyWithin } from "./steady.ts";
import { workWatched } from "./watched_work.ts";
import { runWorkflows } from "./workflows.ts";

/** The tasks. */
export const tasks = {
  claimInVain,
  drain,
  enqueue,
  expectNoneLeft,
  fill,
  latencyWithin,
  offerSteadily,
  offerUntilTold,
  runWorkflows,
  steadyWithin,
  takeCalls,
  takeStarts,
  waitForTheEnd,
  workUntilTold,
  workWatched,
};

/** The name of a task. */
export type TaskName = keyof typeof tasks;

/** The options of a task. */
export type TaskOptions<Name extends TaskName> = Parameters<
  typeof tasks[Name]
>[1];

/** What a task measures. */
export type TaskAnswer<Name extends TaskName> = Awaited<
  ReturnType<typeof tasks[Name]>
>;
