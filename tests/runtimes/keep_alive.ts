/** For what waits by timers that keep no process alive. */

/** Runs and waits; meanwhile the process does not end for want of something to wait for. */
export async function keepAlive<T>(run: () => Promise<T>): Promise<T> {
  const alive = setInterval(() => {}, 1_000);
  try {
    return await run();
  } finally {
    clearInterval(alive);
  }
}
