/**
 * The hook calls of one loop: made without waiting, waited for at its end. One that does not return
 * is held for its stated time and not for ever.
 *
 * @module
 */
import { hasHooks, type JobLifecycleEvent, tell } from "./hooks.ts";
import { withTimeLimit } from "../timers.ts";
import type { WorkerSettings } from "./options.ts";

interface HookCall {
  readonly settings: WorkerSettings;
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
  tell(settings: WorkerSettings, events: () => readonly JobLifecycleEvent[]): void {
    if (!hasHooks(settings.hooks)) return;
    const calls = tell(settings.hooks, events, settings.onError);
    this.#pending.set(calls, { settings, calledAt: performance.now() });
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
    const counts = new Map<WorkerSettings, number>();
    for (const [calls, { settings, calledAt }] of this.#pending) {
      if (calledAt > calledUntil) break;
      this.#pending.delete(calls);
      counts.set(settings, (counts.get(settings) ?? 0) + 1);
    }
    for (const [settings, count] of counts) {
      settings.onError(
        new Error(
          `Hooks for ${count} events in ${settings.queueName} have not returned within ` +
            `${Math.round(afterMs)} ms and are not waited for any more`,
        ),
      );
    }
  }
}
