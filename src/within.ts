/**
 * Waiting with a limit.
 *
 * @module
 */

/** Waits for something, but not longer. Rejects as it does. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<void>((resolve) => timer = setTimeout(resolve, ms));
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
