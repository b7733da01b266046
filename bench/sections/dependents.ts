/**
 * Jobs that wait for others: what it costs to store them, and to complete what they wait for.
 *
 * @module
 */
import { compilingPrograms, whyNoCompilingServer } from "../../tests/postgres/server_programs.ts";
import { workflowForms } from "../measured/dependents.ts";
import { figure, ratios } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { atLeast, atMost, targetTable } from "../report/target.ts";
import { measure } from "../setting/measure.ts";
import { postgresKind, type StoreKind } from "../setting/places.ts";
import { startBenchServer } from "../setting/server.ts";
import { type Bench, inTurn } from "./section.ts";

const perCall = 1_000;

/** Measures every store, and the second matter on a PostgreSQL that compiles statements too. */
export async function dependents(bench: Bench): Promise<readonly Block[]> {
  const stored = await storing(bench);
  const freed = await freeing(bench);
  const targets = [
    ...stored.samples.of("Postgres", "pairs").length === 0
      ? []
      : workflowForms.map((form) =>
        atLeast(
          { target: 10_000, floor: 5_000 },
          `Postgres: jobs/s of calls with dependencies, ${form}`,
          stored.samples.of("Postgres", form),
        )
      ),
    ...freed.kinds.flatMap(({ name }) =>
      (["amongMany", "alone"] as const).map((column) =>
        atMost(
          { target: 3, floor: 4 },
          `${name}: a job with one dependent to one without, ${
            column === "alone" ? "alone" : "among many"
          }`,
          freed.ratio(name, column),
        )
      )
    ),
  ];
  return [stored.block, freed.block, {
    name: "dependents-targets",
    about: "What was to be reached, and the least that counts as done.",
    table: targetTable(targets),
  }];
}

async function storing(bench: Bench) {
  const calls = Math.max(2, 20 / bench.shrink);
  const samples = new Samples<typeof workflowForms[number]>();
  const pairs = bench.stores.flatMap((kind) => workflowForms.map((form) => ({ kind, form })));
  await inTurn(
    bench,
    pairs,
    ({ kind, form }) => `${kind.name}, ${form}`,
    async ({ kind, form }) => {
      await using place = await kind.open();
      const { address } = place;
      const speed = await measure(bench.node, "enqueueWorkflows", {
        address,
        form,
        calls,
        perCall,
      });
      samples.add(kind.name, { [form]: speed });
    },
  );
  const block: Block = {
    name: "dependents-enqueue",
    about:
      `Jobs stored in a second by one caller, ${perCall.toLocaleString("en")} a call: two and ` +
      "two, the second of which waits for the first; each for the one before it; all for the first.",
    table: table(
      ["store", ...workflowForms],
      bench.stores.map(({ name }) => [
        name,
        ...workflowForms.map((form) => figure(samples.of(name, form))),
      ]),
    ),
  };
  return { samples, block };
}

async function freeing(bench: Bench) {
  const whyNot = whyNoCompilingServer();
  await using compiling = whyNot ? undefined : await startBenchServer(compilingPrograms());
  const kinds: readonly StoreKind[] = [
    ...bench.stores.filter(({ name }) => name !== "memory"),
    ...compiling === undefined || !bench.stores.some(({ name }) => name === "Postgres") ? [] : [{
      ...postgresKind(compiling),
      name: `Debian's Postgres ${compiling.version}, compiling`,
    }],
  ];
  const jobs = 5_000 / bench.shrink;
  const samples = new Samples<`${"amongMany" | "alone"}${0 | 1}`>();
  const pairs = kinds.flatMap((kind) => ([0, 1] as const).map((count) => ({ kind, count })));
  const nameOf = ({ kind, count }: typeof pairs[number]) => `${kind.name}, ${count} dependents`;
  await inTurn(bench, pairs, nameOf, async ({ kind, count }) => {
    await using place = await kind.open();
    const options = { address: place.address, jobs, dependents: count };
    const { amongMany, alone } = await measure(bench.node, "completeAwaited", options);
    samples.add(kind.name, { [`amongMany${count}`]: amongMany, [`alone${count}`]: alone });
  });
  const ratio = (name: string, column: "amongMany" | "alone") =>
    ratios(samples.of(name, `${column}1`), samples.of(name, `${column}0`));
  const block: Block = {
    name: "dependents-complete",
    about: `µs of a completed job for which none waits, and for which one does: among ` +
      `${
        jobs.toLocaleString("en")
      } that one worker drains, and alone, its outcome in a call by itself.`,
    table: table(
      ["store", "none, among many", "one", "ratio", "none, alone", "one", "ratio"],
      kinds.map(({ name }) => [
        name,
        ...(["amongMany", "alone"] as const).flatMap((column) => [
          figure(samples.of(name, `${column}0`)),
          figure(samples.of(name, `${column}1`)),
          figure(ratio(name, column)),
        ]),
      ]),
    ),
  };
  return { kinds, ratio, block };
}
