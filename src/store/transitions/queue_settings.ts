/**
 * Changing what is set for queues: their pauses.
 *
 * @module
 */
import {
  type NewPause,
  type Pause,
  type QueueSettings,
  type QueueSettingsChange,
  withoutPast,
} from "../queue_settings.ts";
import type { JobRow } from "./job_table.ts";
import type { Step } from "./step.ts";

/** Pauses a queue, or ends its pause. */
export function configure<Row extends JobRow>(
  { jobs, notices, now }: Step<Row>,
  { queueName, pause }: QueueSettingsChange,
): QueueSettings | undefined {
  const [present] = withoutPast(jobs.settings(), now).filter((one) => one.queueName === queueName);
  const settings = {
    queueName,
    pause: pause === null ? undefined : later(present?.pause, pause, now),
  };
  jobs.putSettings(settings);
  const isPaused = settings.pause !== undefined;
  notices.push({ type: isPaused ? "paused" : "ready", queueName });
  return isPaused ? settings : undefined;
}

/** Of two pauses, the one that ends later. */
function later(
  present: Pause | undefined,
  { forMs = Infinity, reason, by, ...asked }: NewPause,
  now: number,
): Pause | undefined {
  const { until = now + forMs } = asked;
  if (until <= now || (present !== undefined && present.until > until)) return present;
  return { since: present?.since ?? now, until, reason, by };
}
