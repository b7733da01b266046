/**
 * Whether jobs that wait for their time cost a claim anything.
 *
 * @module
 */
import { figure, ratios } from "../report/figures.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { grow } from "../setting/growing.ts";
import { atMost } from "../report/target.ts";
import { measure } from "../setting/measure.ts";
import type { Grown } from "./grown_drains.ts";
import type { Subject } from "./growth_subject.ts";
import { type Bench, inTurn } from "./section.ts";

/** Claims that find nothing, in an empty table and in one of scheduled jobs. */
export async function idleClaims(
  bench: Bench,
  { kind, growing, sizes: { scheduled, claims } }: Subject,
): Promise<Grown> {
  await using empty = await kind.open();
  await using waiting = await kind.open();
  await grow(growing, waiting.address, { completed: 0, scheduled });
  const addresses = [empty.address, waiting.address];
  const samples = new Samples<"empty" | "waiting">();
  await inTurn(bench, [addresses], () => `${kind.name}, idle claims`, async () => {
    // Both in one process, one claim here and one there.
    const [atEmpty, atWaiting] = await measure(bench.node, "idleClaim", { addresses, claims });
    samples.add("ms", { empty: atEmpty!, waiting: atWaiting! });
  });
  const [atEmpty, atWaiting] = [samples.of("ms", "empty"), samples.of("ms", "waiting")];
  const inWords = `${scheduled.toLocaleString("en")} jobs scheduled for later`;
  const dearer = ratios(atWaiting, atEmpty);
  const block = {
    name: `idle-${kind.name.toLowerCase()}`,
    about: `${kind.name}: a claim that finds nothing, in ms.`,
    table: table(["the table", "ms", "ratio"], [
      ["empty", figure(atEmpty), ""],
      [inWords, figure(atWaiting), figure(dearer)],
    ]),
  };
  return {
    block,
    targets: [atMost(1.1, `${kind.name}: a claim that finds nothing, ${inWords}`, dearer)],
  };
}
