/**
 * What a run of the benchmarks is asked for.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** Read from the command line. */
export interface Asked {
  readonly sections: readonly string[];
  readonly rounds: number;
  /** Divides how much is measured. */
  readonly shrink: number;
  /** Parts of the names of the stores and runtimes to measure; an empty one is part of every name. */
  readonly store: string;
  readonly runtime: string;
  /** Whether the figures are fit to be kept. */
  readonly isWhole: boolean;
}

const fewestRounds = 3;

/** Reads `[section …] [--rounds N] [--quick] [--store part] [--runtime part]`. */
export function readArguments(args: readonly string[], known: readonly string[]): Asked {
  const { positionals, values } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      store: { type: "string", default: "" },
      runtime: { type: "string", default: "" },
    },
  });
  const { quick, store, runtime } = values;
  const stray = positionals.find((name) => !known.includes(name));
  if (stray !== undefined) {
    throw new RangeError(`A section must be one of ${known.join(", ")}: got ${stray}`);
  }
  const rounds = Number(values.rounds ?? (quick ? 1 : fewestRounds));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds must be a whole number above 0: got ${values.rounds}`);
  }
  return {
    sections: positionals.length > 0 ? positionals : known,
    rounds,
    shrink: quick ? 10 : 1,
    store: store.toLowerCase(),
    runtime: runtime.toLowerCase(),
    isWhole: !quick && store === "" && runtime === "" && rounds >= fewestRounds,
  };
}
