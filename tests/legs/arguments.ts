import type { Leg } from "./leg.ts";

export interface Wanted {
  readonly legs: readonly Leg[];
  /** A part of the names of the test files to run; the empty string is part of every name. */
  readonly only: string;
}

/** Reads `[leg …] [--only part-of-a-file-name]`. */
export function readArguments(args: readonly string[], allLegs: readonly Leg[]): Wanted {
  const at = args.indexOf("--only");
  const only = at < 0 ? "" : args[at + 1];
  if (only === undefined) {
    throw new Error("--only expects a part of a test file's name, but nothing follows it.");
  }
  const names = args.filter((_, index) => at < 0 || index < at || index > at + 1);
  const legs = names.map((name) => legNamed(name, allLegs));
  return { legs: legs.length === 0 ? allLegs : legs, only };
}

function legNamed(name: string, allLegs: readonly Leg[]): Leg {
  const leg = allLegs.find((leg) => leg.name === name);
  if (leg) return leg;
  const known = allLegs.map((leg) => leg.name).join(", ");
  throw new Error(`Expected the name of a leg (${known}), but got "${name}".`);
}
