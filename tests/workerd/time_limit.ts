/** Enough for every test that says nothing else, also on a busy machine. */
export const defaultTimeoutMs = 30_000;

/** Waits for the work, but no longer than the limit. */
export async function withinLimit(timeoutMs: number, work: () => unknown): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    const giveUp = () => reject(new Error(`It was expected to end within ${timeoutMs} ms.`));
    timer = setTimeout(giveUp, timeoutMs);
  });
  try {
    await Promise.race([(async () => await work())(), limit]);
  } finally {
    clearTimeout(timer);
  }
}
