/**
 * The command line.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Section } from "./section.ts";

/** What is to be run, and how. */
export interface Wanted {
  readonly wanted: readonly Section[];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly before: string | undefined;
}

/** Reads `[section …] [--rounds N] [--quick] [--before folder]`. */
export function readArguments(args: string[], sections: readonly Section[]): Wanted {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      before: { type: "string" },
    },
  });
  const { quick: isQuick, before } = values;
  const rounds = Number(values.rounds ?? (isQuick ? 1 : 3));
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new RangeError(`--rounds expects an integer above 0: got ${values.rounds}`);
  }
  const named = positionals.map((name) => sectionNamed(name, sections));
  return { wanted: named.length === 0 ? sections : named, rounds, isQuick, before };
}

function sectionNamed(name: string, sections: readonly Section[]): Section {
  const section = sections.find((one) => one.name === name);
  if (section) return section;
  const known = sections.map((one) => one.name).join(", ");
  throw new RangeError(`A section must be one of ${known}: got ${name}`);
}
