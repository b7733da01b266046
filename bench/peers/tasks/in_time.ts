/**
 * A limit for what a queue is waited for: what was lost would be waited for for ever.
 *
 * @module
 */

const LONGEST_MS = 100_000;

/** Waits, and throws what is expected when it takes too long. */
export async function inTime<T>(
  work: Promise<T>,
  expected: () => string,
): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${expected()} after ${LONGEST_MS} ms`)),
      LONGEST_MS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
