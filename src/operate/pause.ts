/**
 * Pausing queues: until when, why and by whom.
 *
 * @module
 */
import {
  checkInteger,
  checkOptionNames,
  InputRangeError,
  InputTypeError,
  shown,
} from "../job/checks.ts";
import { checkQueueName } from "../job/ids.ts";
import { longestDelayMs } from "../job/backoff.ts";
import { readOperator } from "../queue/job_change.ts";
import { type QueuePause, toQueuePause } from "../queue/stats.ts";
import type { Pause, QueueSettings } from "../store/queue_settings.ts";
import type { Store } from "../store/store.ts";

/** Options of a pause. Without `forMs` and `until` it lasts until `resume`. */
export interface PauseOptions {
  /** How long it lasts, in ms: 1 to 31,536,000,000, which is a year. */
  readonly forMs?: number | undefined;
  /** When it ends. */
  readonly until?: Date | undefined;
  /** Why, in at most 10,000 characters. */
  readonly reason?: string | undefined;
  /** Who pauses, in at most 200 characters. */
  readonly by?: string | undefined;
}

/** A pause, and of what. */
export interface NamedPause extends QueuePause {
  /** The queue; `"*"`: all queues. */
  readonly queueName: string;
}

type SettingsStore = Pick<Store, "configure" | "settings">;

/** Pauses a queue or, as `"*"`, all queues. Returns the pause that holds then. */
export async function pause(
  store: SettingsStore,
  queueName: string,
  options: PauseOptions = {},
): Promise<NamedPause> {
  checkOptionNames("A pause", options, { forMs: true, until: true, reason: true, by: true });
  const { forMs, until, reason, by } = options;
  if (forMs !== undefined && until !== undefined) {
    throw new InputTypeError("A pause can have forMs or until: got both");
  }
  const settings = await store.configure({
    queueName: readQueueName(queueName),
    pause: {
      forMs: forMs === undefined ? forMs : checkInteger("forMs", forMs, 1, longestDelayMs),
      until: until === undefined ? until : readTime(until),
      ...readOperator({ by, reason }),
    },
  });
  const pause = settings?.pause;
  if (pause === undefined) {
    throw new InputRangeError("until must be a time to come: got one before");
  }
  return toNamedPause(queueName, pause);
}

/**
 * Ends the pause of a queue or, as `"*"`, that of all queues. Returns by what the queue is paused
 * all the same: the pause of all queues.
 */
export async function resume(
  store: SettingsStore,
  queueName: string,
): Promise<NamedPause | undefined> {
  await store.configure({ queueName: readQueueName(queueName), pause: null });
  return queueName === "*" ? undefined : (await pauses(store)).find((one) => one.queueName === "*");
}

/** The pauses that hold, that of all queues first. */
export async function pauses(store: SettingsStore): Promise<readonly NamedPause[]> {
  const toPauses = ({ queueName = "*", pause }: QueueSettings) =>
    pause === undefined ? [] : [toNamedPause(queueName, pause)];
  return (await store.settings()).flatMap(toPauses);
}

function toNamedPause(queueName: string, pause: Pause): NamedPause {
  return { queueName, ...toQueuePause(pause) };
}

function readQueueName(queueName: string): string | undefined {
  return queueName === "*" ? undefined : checkQueueName(queueName);
}

function readTime(until: Date): number {
  const year = until instanceof Date ? until.getUTCFullYear() : NaN;
  if (year >= 1970 && year <= 9999) return until.getTime();
  throw new InputRangeError(`until must be a Date from 1970 to 9999: got ${shown(until)}`);
}
