/** A store's clock that moves only when a test moves it. */
export interface ManualClock {
  /** The time, in ms since 1970. */
  readonly now: () => number;
  /** Lets time pass. */
  readonly pass: (ms: number) => void;
}

export function manualClock(start: number = Date.UTC(2026, 0, 1)): ManualClock {
  let now = start;
  return { now: () => now, pass: (ms) => void (now += ms) };
}
