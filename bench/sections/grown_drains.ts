/**
 * Draining from a table with a past, by stale statistics, and under somebody's open snapshot.
 *
 * @module
 */
import { figure, ratios } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { atLeast, type Target } from "../report/target.ts";
import { type DrainedPlace, drainPlace } from "../setting/drain_place.ts";
import { fill } from "../setting/filled.ts";
import { grow } from "../setting/growing.ts";
import type { GrowthSizes, Subject } from "./growth_subject.ts";
import { type Bench, inTurn } from "./section.ts";

const situations = ["fresh", "grown", "stale", "watched"] as const;
type Situation = typeof situations[number];

const words: Readonly<Record<Situation, (sizes: GrowthSizes) => string>> = {
  fresh: () => "empty before",
  grown: ({ completed, scheduled }) =>
    `${many(completed)} finished and ${many(scheduled)} scheduled jobs in it`,
  stale: () => "statistics of when it held one job",
  watched: () => "a snapshot from before held open",
};

const limits = [
  ["grown", { target: 0.95, floor: 0.9 }],
  ["stale", { target: 0.9, floor: 0.85 }],
  ["watched", { target: 0.8, floor: 0.75 }],
] as const;

/** A table of what was measured, and what it must reach. */
export interface Grown {
  readonly block: Block;
  readonly targets: readonly Target[];
}

type Drains = Samples<"jobsPerSecond" | "cpuMs" | "serverCpuMs">;

/** Drains in each situation. */
export async function grownDrains(bench: Bench, subject: Subject): Promise<Grown> {
  const { kind, growing, sizes } = subject;
  bench.tell(`growing ${kind.name}`);
  await using grown = await kind.open();
  await grow(growing, grown.address, sizes);
  const samples: Drains = new Samples();
  const nameOf = (situation: Situation) => `${kind.name}, ${words[situation](sizes)}`;
  await inTurn(bench, situations, nameOf, async (situation) => {
    const { jobsPerSecond, cpuMs, serverCpuMs = 0 } = situation === "grown"
      ? await drainAgain(bench, subject, grown.address)
      : await drainNew(bench, subject, situation);
    samples.add(situation, { jobsPerSecond, cpuMs, serverCpuMs });
  });
  const fresh = samples.of("fresh", "jobsPerSecond");
  const targets = limits.map(([situation, limit]) =>
    atLeast(
      limit,
      `${kind.name}: a drain, ${words[situation](sizes)}`,
      ratios(samples.of(situation, "jobsPerSecond"), fresh),
    )
  );
  return { block: drainsBlock(subject, samples), targets };
}

/** In the place that has its past; what was drained there before is a part of it. */
async function drainAgain(
  { node }: Bench,
  { kind, sizes: { jobs } }: Subject,
  address: string,
): Promise<DrainedPlace> {
  await fill(address, jobs);
  return await drainPlace(node, kind, { address, jobs, concurrency });
}

/** In a new place, disturbed when it held one job. */
async function drainNew(
  { node }: Bench,
  { kind, growing, sizes: { jobs } }: Subject,
  situation: Situation,
): Promise<DrainedPlace> {
  await using place = await kind.open();
  const { address } = place;
  await fill(address, 1);
  if (situation === "stale") await growing.analyzeForGood(address);
  await using _snapshot = situation === "watched" ? await growing.holdSnapshot(address) : null;
  await fill(address, jobs, 1);
  return await drainPlace(node, kind, { address, jobs, concurrency });
}

const concurrency = 10;

function drainsBlock({ kind, sizes }: Subject, samples: Drains): Block {
  const hasServer = kind.serverCpuMs !== undefined;
  const rows = situations.map((one) => {
    const speed = samples.of(one, "jobsPerSecond");
    return [
      words[one](sizes),
      figure(speed),
      one === "fresh" ? "" : figure(ratios(speed, samples.of("fresh", "jobsPerSecond"))),
      figure(samples.of(one, "cpuMs")),
      ...(hasServer ? [figure(samples.of(one, "serverCpuMs"))] : []),
    ];
  });
  return {
    name: `growth-${kind.name.toLowerCase()}`,
    about: `${kind.name}: ${many(sizes.jobs)} jobs that do nothing, drained at concurrency ` +
      `${concurrency}: jobs a second, their ratio to the empty table in the same round, and CPU ` +
      "for 1,000 jobs.",
    table: table(
      ["the table", "jobs/s", "ratio", "CPU ms", ...(hasServer ? ["server CPU ms"] : [])],
      rows,
    ),
  };
}

function many(number: number): string {
  return number.toLocaleString("en");
}
