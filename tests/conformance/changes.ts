import type { Change } from "../../src/store/store.ts";

type ChangeTo<To extends Change["to"]> = Extract<Change, { readonly to: To }>;

/** The error of every test attempt that fails. */
export const failure = {
  name: "TypeError",
  message: "The card was declined",
  stack: "at pay (pay.ts:1)",
};

/** The handler returned. */
export const completed: ChangeTo<"completed"> = { to: "completed", result: '"paid"' };
/** The handler threw, and no attempt is left. */
export const failed: ChangeTo<"failed"> = { to: "failed", outcome: "failed", error: failure };
/** The handler threw, and another attempt follows in a second. */
export const retrying: ChangeTo<"retrying"> = {
  to: "retrying",
  outcome: "failed",
  error: failure,
  delayMs: 1_000,
};
/** The worker stopped while the handler ran. */
export const handedBack: ChangeTo<"ready"> = { to: "ready", started: true };
/** The worker stopped before the handler began. */
export const neverStarted: ChangeTo<"ready"> = { to: "ready", started: false };
/** Why a caller cancels. */
export const reason = { name: "JobCancelledError", message: "The customer changed their mind" };
