/**
 * The hook calls of one loop: made without waiting, waited for at its end.
 *
 * @module
 */
import { hasHooks, type JobLifecycleEvent, tell } from "./hooks.ts";
import { within } from "../within.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** Hook calls under way. */
export class HookCalls {
  readonly #pending = new Set<Promise<void>>();

  /** Calls the hooks for events, which are made only if there are hooks. */
  tell({ hooks, onError }: WorkerSettings, events: () => readonly JobLifecycleEvent[]): void {
    if (!hasHooks(hooks)) return;
    const calls = tell(hooks, events, onError);
    this.#pending.add(calls);
    calls.then(() => this.#pending.delete(calls));
  }

  /** Waits for the calls under way, at most this long. */
  async settled(withinMs: number): Promise<void> {
    if (this.#pending.size === 0) return;
    await within(withinMs, Promise.all(this.#pending));
  }
}
