import assert from "node:assert/strict";
import type { Store } from "../mod.ts";
import type { SettleAndClaimRequest } from "../src/store.ts";

/** Where a call spends its time: on the way to the store, on the way back, or on both alike. */
export type Way = "there" | "back" | "both";

export const ways: readonly Way[] = ["there", "back", "both"];

/** A store that is far away, and what was asked of it. */
export interface SlowStore {
  readonly store: Store;
  /** How many jobs were claimed, and how many of them were released before they had started. */
  readonly counts: { turns: number; claimed: number; released: number };
}

/** A store whose every call takes this long beside its own time. */
export function slowStore(
  store: Store,
  delayMs: number,
  { pause, way = "both" }: { pause: (ms: number) => Promise<void>; way?: Way },
): SlowStore {
  const counts = { turns: 0, claimed: 0, released: 0 };
  const there = { there: delayMs, back: 0, both: delayMs / 2 }[way];
  const wait = async (ms: number) => ms > 0 ? await pause(ms) : undefined;
  const slow = new Proxy(store, {
    get(_, name) {
      const value = Reflect.get(store, name) as unknown;
      if (typeof value !== "function") return value;
      if (name === "onNotice") return value.bind(store);
      return async (...args: unknown[]) => {
        if (name === "settleAndClaim") checkLimits(args[0] as SettleAndClaimRequest);
        await wait(there);
        const result = await value.apply(store, args);
        if (name === "settleAndClaim") {
          count(args[0] as SettleAndClaimRequest, result.claimed.length);
        }
        await wait(delayMs - there);
        return result;
      };
    },
  });
  const checkLimits = ({ claims }: SettleAndClaimRequest) => {
    for (const { limit } of claims) assert.ok(Number.isInteger(limit) && limit > 0, String(limit));
  };
  const count = ({ settlements }: SettleAndClaimRequest, claimed: number) => {
    counts.turns++;
    counts.claimed += claimed;
    for (const { change } of settlements) {
      if (change.status === "ready" && !change.started) counts.released++;
    }
  };
  return { store: slow, counts };
}
