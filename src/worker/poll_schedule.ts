/**
 * When each queue is to be asked for jobs: at once after a wake-up, when the next job is due, and else
 * at its own pace.
 *
 * @module
 */
import type { SettleAndClaimResult } from "../store/store.ts";
import type { WorkerSettings } from "./worker_settings.ts";

interface Asked {
  /** When to ask, by `performance.now()`. */
  at: number;
  /** When there is something to claim as far as is known, by `performance.now()`. */
  dueAt: number;
  /** Empty answers in a row. */
  empty: number;
  /** When its next job is due, as the store last said. */
  nextInMs: number | undefined;
}

// After so many empty answers an idle queue is asked at its own pace; before, twice as often each.
const QUICK_ASKS = 6;

/** The queues of one loop, and when to ask each. */
export class PollSchedule {
  readonly #settings: readonly WorkerSettings[];
  readonly #asked: ReadonlyMap<string, Asked>;

  constructor(settings: readonly WorkerSettings[]) {
    this.#settings = settings;
    this.#asked = new Map(
      settings.map((
        { queueName },
      ) => [queueName, { at: -Infinity, dueAt: -Infinity, empty: 0, nextInMs: undefined }]),
    );
  }

  /** Those of these queues to ask now, or these and then all others. */
  of(settings: readonly WorkerSettings[], all: boolean): readonly WorkerSettings[] {
    const now = performance.now();
    const isDue = ({ queueName }: WorkerSettings) => this.#asked.get(queueName)!.at <= now;
    const due = settings.filter(isDue);
    return all ? [...due, ...settings.filter((one) => !isDue(one))] : due;
  }

  /** When the first of these queues is to be asked. */
  nextAt(settings: Iterable<WorkerSettings>): number {
    let at = Infinity;
    for (const { queueName } of settings) at = Math.min(at, this.#asked.get(queueName)!.at);
    return at;
  }

  /** When there is something to claim in one of these, as far as is known. */
  dueAt(settings: Iterable<WorkerSettings>): number {
    let at = Infinity;
    for (const { queueName } of settings) at = Math.min(at, this.#asked.get(queueName)!.dueAt);
    return at;
  }

  /** When there is something next in any queue, in ms, as far as is known. */
  get nextInMs(): number | undefined {
    let next: number | undefined;
    for (const { nextInMs } of this.#asked.values()) {
      if (nextInMs !== undefined) next = Math.min(next ?? Infinity, nextInMs);
    }
    return next;
  }

  /** Something became ready in a queue. Returns whether it is one of these. */
  ask(queueName: string): boolean {
    const asked = this.#asked.get(queueName);
    if (asked !== undefined) wake(asked);
    return asked !== undefined;
  }

  /** Something may have become ready in any queue. */
  askAll(): void {
    for (const asked of this.#asked.values()) wake(asked);
  }

  /** These are being asked; a wake-up that comes before the answer counts. */
  begin(queueNames: readonly string[]): void {
    for (const queueName of queueNames) {
      const asked = this.#asked.get(queueName)!;
      asked.at = Infinity;
      asked.dueAt = Infinity;
    }
  }

  /** The store has answered for these queues, or could not. */
  end(queueNames: readonly string[], result: SettleAndClaimResult | undefined): void {
    const found = new Set(result?.claimed.map(({ queueName }) => queueName));
    for (const queueName of queueNames) {
      const asked = this.#asked.get(queueName)!;
      asked.empty = found.has(queueName) ? 0 : asked.empty + 1;
      asked.nextInMs = result === undefined ? 0 : result.nextInMs;
      const { pollMs } = this.#settings.find((one) => one.queueName === queueName)!;
      const patienceMs = pollMs * Math.min(1, 2 ** (asked.empty - QUICK_ASKS));
      const dueInMs = asked.nextInMs ?? Infinity;
      const now = performance.now();
      asked.dueAt = Math.min(asked.dueAt, now + dueInMs);
      asked.at = Math.min(asked.at, now + Math.min(dueInMs, patienceMs));
    }
  }
}

function wake(asked: Asked): void {
  asked.at = -Infinity;
  asked.dueAt = -Infinity;
}
