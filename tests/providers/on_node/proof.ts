/** The checks in a process without a test runner, which tells a test in another process what came. */

import type { Stage } from "../stage.ts";
import { whatHolds } from "../what_holds.ts";

/** How a check ended. */
export interface Proof {
  readonly name: string;
  /** Why it does not hold; absent where it does. */
  readonly error?: string;
}

/** Proves all that applies and prints a line of JSON for each. */
export async function printProofs(stage: Stage): Promise<void> {
  for (const { name, applies, prove } of whatHolds) {
    if (applies?.(stage) === false) continue;
    const error = await prove(stage).then(() => undefined, String);
    console.log(JSON.stringify({ name, error }));
  }
}

/** Reads what was printed, whatever else was. */
export function readProofs(output: string): readonly Proof[] {
  return output.split("\n")
    .filter((line) => line.startsWith('{"name":'))
    .map((line) => JSON.parse(line) as Proof);
}
