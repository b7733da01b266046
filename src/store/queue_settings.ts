/**
 * What is set for queues: their pauses. A queue is paused by its own pause and by that of all queues,
 * each of which is ended by itself.
 *
 * @module
 */

/** A pause: nothing is claimed until it ends. Delays and back-off go on counting. */
export interface Pause {
  /** Since when, in ms since 1970. */
  readonly since: number;
  /** When it ends, in ms since 1970; `Infinity`: when it is ended by a call. */
  readonly until: number;
  /** Why. */
  readonly reason?: string | undefined;
  /** Who paused. */
  readonly by?: string | undefined;
}

/** A pause that begins now, until a time or for a while; without both, until a call ends it. */
export interface NewPause extends Pick<Pause, "reason" | "by"> {
  /** When it ends, in ms since 1970. */
  readonly until?: number | undefined;
  /** How long it lasts, in ms. */
  readonly forMs?: number | undefined;
}

/** What is set for a queue. */
export interface QueueSettings {
  /** The queue; `undefined`: all queues. */
  readonly queueName?: string | undefined;
  /** Its pause. */
  readonly pause?: Pause | undefined;
}

/** A change of what is set for a queue. */
export interface QueueSettingsChange {
  /** The queue; `undefined`: all queues. */
  readonly queueName?: string | undefined;
  /**
   * A pause: if there is one already, the one that ends later holds. `null` ends the pause.
   */
  readonly pause: NewPause | null;
}

/** Without the pauses that are over; what is set for all queues comes first. */
export function withoutPast(
  settings: Iterable<QueueSettings>,
  now: number,
): readonly QueueSettings[] {
  return [...settings].filter(({ pause }) => pause !== undefined && pause.until > now)
    .sort(({ queueName: a = "" }, { queueName: b = "" }) => a < b ? -1 : 1);
}

/** By which pause a queue is paused: its own, or that of all queues if it ends later. */
export function pauseOf(settings: readonly QueueSettings[], queueName: string): Pause | undefined {
  let longest: Pause | undefined;
  for (const { queueName: name = queueName, pause } of settings) {
    if (name !== queueName || pause === undefined) continue;
    if (longest === undefined || longest.until <= pause.until) longest = pause;
  }
  return longest;
}
