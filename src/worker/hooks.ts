/**
 * Hooks: functions that a worker calls for what happens to its jobs. All but `onJobStart` are called
 * once the outcome is recorded. A hook that throws or hangs changes nothing: its error, or that it has
 * not returned within `leaseMs`, is reported to `onError`.
 *
 * @module
 */
import type { EventType, JobEventOf, JobLifecycleEvent, TraceCompleteEvent } from "./events.ts";
import type { Job } from "../job/job.ts";
import { withTimeLimit } from "../timers.ts";
import { type Listed, Roster } from "./roster.ts";

/** A hook for one kind of event. It may be asynchronous. */
export type Hook<Type extends EventType, AJob = Job> = (
  event: JobEventOf<Type, AJob>,
) => unknown;

/** The hooks of a worker. What they return is waited for at the end of a tick or a run. */
export interface Hooks<AJob = Job> {
  /** Called before the handler of each attempt, which does not wait for it. */
  readonly onJobStart?: Hook<"start", AJob> | undefined;
  /** Called when a job has completed. */
  readonly onJobComplete?: Hook<"complete", AJob> | undefined;
  /** Called when a job has failed for good. */
  readonly onJobFail?: Hook<"fail", AJob> | undefined;
  /** Called when an attempt did not complete its job and another follows, unless it was snoozed. */
  readonly onJobRetry?: Hook<"retry", AJob> | undefined;
  /** Called when an attempt ran into its time limit, before `onJobRetry` or `onJobFail`. */
  readonly onJobTimeout?: Hook<"timeout", AJob> | undefined;
  /**
   * Called when a job was cancelled while it ran here; also when a handler of this worker or its pool
   * enqueued a job that was cancelled as it was stored, because it is a part of a cancelled job or
   * depends on one that did not complete: then `attempt` is 0.
   */
  readonly onJobCancel?: Hook<"cancel", AJob> | undefined;
  /**
   * Called when a trace has ended, wherever its last job ran and however that ended. Of all workers
   * with this hook over one store, one calls it. Another calls it again if the process ends before the
   * hook returns, or the hook takes longer than `leaseMs`: then `traceId` and `epoch` are the same.
   */
  readonly onTraceComplete?: ((event: TraceCompleteEvent) => unknown) | undefined;
}

/** Whether there is a hook for the events of jobs. */
export function hasJobHooks(hooks: Hooks<never>): boolean {
  return [
    hooks.onJobStart,
    hooks.onJobComplete,
    hooks.onJobFail,
    hooks.onJobRetry,
    hooks.onJobTimeout,
    hooks.onJobCancel,
  ].some((hook) => hook !== undefined);
}

/** A worker, as far as its hooks go. */
export interface HookOwner {
  readonly queueName: string;
  readonly hooks: Hooks<never>;
  /** Whether it has one for the events of jobs. */
  readonly hasJobHooks: boolean;
  readonly onError: (error: unknown) => void;
}

interface HookCall extends Listed {
  readonly owner: HookOwner;
  readonly calledAt: number;
  readonly calls: Promise<void>;
}

/** The hook calls of one loop: made without waiting, waited for at its end. */
export class HookCalls {
  readonly #pending = new Roster<HookCall>();
  readonly #patienceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A call that has not returned after `patienceMs` is reported and waited for no more. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Calls a worker's hooks for events, which are made only if it has any. */
  call(owner: HookOwner, events: () => readonly JobLifecycleEvent[]): void {
    if (!owner.hasJobHooks) return;
    const calls = callHooks(owner, events);
    const call: HookCall = { owner, calls, calledAt: performance.now(), place: undefined };
    this.#pending.add(call);
    this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#patienceMs);
    calls.then(() => this.#pending.remove(call));
  }

  /** Waits for the calls under way, at most this long, and then for none of them any more. */
  async settled(withinMs: number): Promise<void> {
    const calls = [...this.#pending].map(({ calls }) => calls);
    if (calls.length > 0) await withTimeLimit(withinMs, Promise.all(calls));
    clearTimeout(this.#timer);
    this.#giveUp(performance.now(), withinMs);
  }

  #giveUpLate(): void {
    this.#timer = undefined;
    this.#giveUp(performance.now() - this.#patienceMs, this.#patienceMs);
    if (this.#pending.size === 0) return;
    // There may be more than fit in the arguments of one call.
    let oldestAt = Infinity;
    for (const { calledAt } of this.#pending) oldestAt = Math.min(oldestAt, calledAt);
    const leftMs = oldestAt + this.#patienceMs - performance.now();
    this.#timer = setTimeout(() => this.#giveUpLate(), leftMs);
  }

  /** Lets go of the calls that were made until then. */
  #giveUp(calledUntil: number, afterMs: number): void {
    const counts = new Map<HookOwner, number>();
    for (const call of this.#pending) {
      const { owner, calledAt } = call;
      if (calledAt > calledUntil) continue;
      this.#pending.remove(call);
      counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
    for (const [owner, count] of counts) {
      owner.onError(
        new Error(
          `Hooks for ${count} events in ${owner.queueName} have not returned within ` +
            `${Math.round(afterMs)} ms and are not waited for any more`,
        ),
      );
    }
  }
}

/** Calls a worker's hooks for events. Settles when they have returned, and never rejects. */
export async function callHooks(
  { hooks, onError }: HookOwner,
  events: () => readonly JobLifecycleEvent<unknown>[],
): Promise<void> {
  try {
    await Promise.all(events().map((event) => callHook(hooks, event, onError)));
  } catch (error) {
    onError(error);
  }
}

async function callHook(
  hooks: Hooks<never>,
  event: JobLifecycleEvent<unknown>,
  onError: (error: unknown) => void,
): Promise<void> {
  try {
    await hookFor(hooks, event.type)?.(event as never);
  } catch (error) {
    onError(error);
  }
}

function hookFor(hooks: Hooks<never>, type: EventType): ((event: never) => unknown) | undefined {
  switch (type) {
    case "start":
      return hooks.onJobStart;
    case "complete":
      return hooks.onJobComplete;
    case "fail":
      return hooks.onJobFail;
    case "retry":
      return hooks.onJobRetry;
    case "timeout":
      return hooks.onJobTimeout;
    case "cancel":
      return hooks.onJobCancel;
  }
}
