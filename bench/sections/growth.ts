/**
 * What a store's past and its surroundings do to its speed.
 *
 * @module
 */
import type { Block } from "../report/results.ts";
import { targetTable } from "../report/target.ts";
import { type Grown, grownDrains } from "./grown_drains.ts";
import { subjectsOf } from "./growth_subject.ts";
import { idleClaims } from "./idle_claims.ts";
import type { Bench } from "./section.ts";

/** Measures one store after the other, and the situations of each in turn. */
export async function growth(bench: Bench): Promise<readonly Block[]> {
  const all: Grown[] = [];
  for (const subject of subjectsOf(bench)) {
    all.push(await grownDrains(bench, subject), await idleClaims(bench, subject));
  }
  return [...all.map(({ block }) => block), {
    name: "growth-targets",
    about: "Ratios to the empty table that must be reached, and the least that counts as done.",
    table: targetTable(all.flatMap(({ targets }) => targets)),
  }];
}
