import { setTimeout } from "node:timers/promises";

/** Waits for something, but no longer than this: what hangs is to fail with a sentence. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  const late = setTimeout(ms, undefined, { ref: false }).then(() => {
    throw new Error(`It must have ended within ${ms} ms`);
  });
  return await Promise.race([work, late]);
}
