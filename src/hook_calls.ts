/**
 * The hook calls of one loop: made without waiting, waited for at its end.
 *
 * @module
 */
import { type JobLifecycleEvent, tell } from "./hooks.ts";
import type { WorkerSettings } from "./worker_settings.ts";

/** Hook calls under way. */
export class HookCalls {
  readonly #pending = new Set<Promise<void>>();

  /** Calls the hook for an event. */
  tell({ hooks, onError }: WorkerSettings, event: JobLifecycleEvent): void {
    const call = tell(hooks, event, onError);
    this.#pending.add(call);
    call.then(() => this.#pending.delete(call));
  }

  /** Waits for the calls under way, at most this long. */
  async settled(withinMs: number): Promise<void> {
    if (this.#pending.size === 0) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, withinMs));
    await Promise.race([Promise.all(this.#pending), limit]);
    clearTimeout(timer);
  }
}
