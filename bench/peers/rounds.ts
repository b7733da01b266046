/**
 * The method: everything is measured once in each round, in an order that alternates, and compared
 * with what else was measured in the same round, so that the machine's moods cancel out.
 *
 * @module
 */

/** What was measured of one variant, by round. */
export type Rounds<Answer> = readonly Answer[];

/** Measures every variant in as many rounds. */
export async function inRounds<Variant, Answer>(
  rounds: number,
  variants: readonly Variant[],
  measure: (variant: Variant) => Promise<Answer>,
): Promise<ReadonlyMap<Variant, Rounds<Answer>>> {
  const answers = new Map<Variant, Answer[]>(variants.map((variant) => [variant, []]));
  for (let round = 0; round < rounds; round++) {
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      answers.get(variant)!.push(await measure(variant));
    }
  }
  return answers;
}
