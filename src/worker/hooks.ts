/**
 * Hooks: a worker tells what became of its jobs. But for `onJobStart` they are told after the
 * outcome is recorded, so what they hear is true. A hook that throws or hangs changes nothing; one
 * that has not returned within `leaseMs` is reported to `onError` and waited for no more.
 *
 * @module
 */
import type { EventType, JobEventOf, JobLifecycleEvent, TraceCompleteEvent } from "./events.ts";
import type { Job } from "../job/job.ts";
import { withTimeLimit } from "../timers.ts";

/** A hook for one kind of event. It may be asynchronous. */
export type Hook<Type extends EventType, AJob = Job> = (
  event: JobEventOf<Type, AJob>,
) => unknown;

/** What a worker tells. */
export interface Hooks<AJob = Job> {
  /** Before the handler, on each attempt. Not waited for. */
  readonly onJobStart?: Hook<"start", AJob> | undefined;
  /** The job completed. */
  readonly onJobComplete?: Hook<"complete", AJob> | undefined;
  /** The job failed for good. */
  readonly onJobFail?: Hook<"fail", AJob> | undefined;
  /** An attempt failed or timed out, and another follows. */
  readonly onJobRetry?: Hook<"retry", AJob> | undefined;
  /** An attempt timed out; `onJobRetry` or `onJobFail` follows. */
  readonly onJobTimeout?: Hook<"timeout", AJob> | undefined;
  /**
   * The job was cancelled while it ran here; or a handler of this worker, or of its pool, enqueued it
   * as a part of a cancelled job, or behind a job that did not complete: then `attempt` is 0.
   */
  readonly onJobCancel?: Hook<"cancel", AJob> | undefined;
  /**
   * A trace has ended, wherever its last job ran and however that ended. Of all workers with this
   * hook over one store, one is told; another one too if its process ends before its hook returns,
   * or its hook takes longer than its `leaseMs`, so `traceId` and `epoch` together tell repeats.
   */
  readonly onTraceComplete?: ((event: TraceCompleteEvent) => unknown) | undefined;
}

/** Whether anything listens. */
export function hasHooks(hooks: Hooks<never>): boolean {
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
  readonly onError: (error: unknown) => void;
}

interface HookCall {
  readonly owner: HookOwner;
  readonly calledAt: number;
}

/** Hook calls under way. */
export class HookCalls {
  // In the order in which they were made.
  readonly #pending = new Map<Promise<void>, HookCall>();
  readonly #patienceMs: number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** A call that has not returned after `patienceMs` is reported and waited for no more. */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Calls the hooks for events, which are made only if there are hooks. */
  call(owner: HookOwner, events: () => readonly JobLifecycleEvent[]): void {
    if (!hasHooks(owner.hooks)) return;
    const calls = callHooks(owner, events);
    this.#pending.set(calls, { owner, calledAt: performance.now() });
    this.#timer ??= setTimeout(() => this.#giveUpLate(), this.#patienceMs);
    calls.then(() => this.#pending.delete(calls));
  }

  /** Waits for the calls under way, at most this long. Then none is held. */
  async settled(withinMs: number): Promise<void> {
    if (this.#pending.size > 0) await withTimeLimit(withinMs, Promise.all(this.#pending.keys()));
    clearTimeout(this.#timer);
    this.#giveUp(performance.now(), withinMs);
  }

  #giveUpLate(): void {
    this.#timer = undefined;
    this.#giveUp(performance.now() - this.#patienceMs, this.#patienceMs);
    const [oldest] = this.#pending.values();
    if (oldest === undefined) return;
    const leftMs = oldest.calledAt + this.#patienceMs - performance.now();
    this.#timer = setTimeout(() => this.#giveUpLate(), leftMs);
  }

  /** Lets go of the calls that were made until then. */
  #giveUp(calledUntil: number, afterMs: number): void {
    const counts = new Map<HookOwner, number>();
    for (const [calls, { owner, calledAt }] of this.#pending) {
      if (calledAt > calledUntil) break;
      this.#pending.delete(calls);
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
