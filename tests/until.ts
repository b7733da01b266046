import assert from "node:assert/strict";
import { setTimeout } from "node:timers/promises";

/** Waits for what other processes do, which no clock of this one can bring about. */
export async function until(
  what: string,
  withinMs: number,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const giveUpAt = performance.now() + withinMs;
  while (!await isSo()) {
    assert.ok(performance.now() < giveUpAt, `Within ${withinMs} ms it must be so: ${what}`);
    await setTimeout(10);
  }
}
