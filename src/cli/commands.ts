/**
 * Every command, in the order of the help.
 *
 * @module
 */
import type { Command } from "./command.ts";
import { jobCancel, jobRetry } from "./job/change.ts";
import { jobEnqueue } from "./job/enqueue.ts";
import { jobList } from "./job/list.ts";
import { jobShow } from "./job/show.ts";
import { migrate } from "./migrate.ts";
import { queueStats } from "./queue_stats.ts";
import { serve } from "./serve.ts";
import { traceShow } from "./trace_show.ts";

/** The commands. */
export const commands: readonly Command[] = [
  jobList,
  jobShow,
  jobEnqueue,
  jobRetry,
  jobCancel,
  traceShow,
  queueStats,
  migrate,
  serve,
];
