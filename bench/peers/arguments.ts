/**
 * The command line.
 *
 * @module
 */
import { parseArgs } from "node:util";
import type { Pace, Section } from "./section.ts";

/** What is to be run, and how. */
export interface Wanted {
  readonly wanted: readonly Section[];
  readonly rounds: number;
  readonly isQuick: boolean;
  readonly before: string | undefined;
  readonly pace: Pace;
}

/** The sections: those of a run that names none, and those that must be named. */
export interface Offered {
  readonly sections: readonly Section[];
  readonly longSections: readonly Section[];
}

/**
 * Reads `[section …] [--rounds N] [--quick] [--before checkout]`, and of the sections that take long
 * `[--seconds N] [--after N] [--rate N] [--only part of a contender's name]`.
 */
export function readArguments(
  args: string[],
  { sections, longSections }: Offered,
): Wanted {
  const { positionals, values } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      quick: { type: "boolean", default: false },
      before: { type: "string" },
      seconds: { type: "string" },
      after: { type: "string" },
      rate: { type: "string" },
      only: { type: "string", default: "" },
    },
  });
  const { quick: isQuick, before, only } = values;
  const named = positionals.map((name) => sectionNamed(name, [...sections, ...longSections]));
  return {
    wanted: named.length === 0 ? sections : named,
    rounds: numberOf("rounds", values.rounds, isQuick ? 1 : 3),
    isQuick,
    before,
    pace: {
      seconds: numberOf("seconds", values.seconds, isQuick ? 20 : 600),
      afterSeconds: numberOf("after", values.after, isQuick ? 10 : 300),
      perSecond: numberOf("rate", values.rate, 1_000),
      only,
    },
  };
}

function numberOf(name: string, given: string | undefined, otherwise: number): number {
  const number = Number(given ?? otherwise);
  if (Number.isInteger(number) && number > 0) return number;
  throw new RangeError(`--${name} expects an integer above 0: got ${given}`);
}

function sectionNamed(name: string, sections: readonly Section[]): Section {
  const section = sections.find((one) => one.name === name);
  if (section) return section;
  const known = sections.map((one) => one.name).join(", ");
  throw new RangeError(`A section must be one of ${known}: got ${name}`);
}
