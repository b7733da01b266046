/**
 * Work that does nothing but take CPU, and leaves no garbage for another thread to collect.
 *
 * @module
 */
import process from "node:process";

const kept = new Int32Array(1);

/**
 * Takes at least as many microseconds of CPU. Returns how many the process took meanwhile: what the
 * system says of one thread alone comes in steps of 4 ms.
 */
export function burn(microseconds: number): number {
  const before = process.cpuUsage();
  for (;;) {
    let mixed = kept[0]!;
    for (let i = 1; i < 2_000; i++) mixed = (Math.imul(mixed, 31) + i) | 0;
    kept[0] = mixed;
    const { user, system } = process.cpuUsage(before);
    if (user + system >= microseconds) return user + system;
  }
}
