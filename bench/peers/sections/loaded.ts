/**
 * From the call that enqueues a job to its start, under a steady load of half of what it can drain.
 *
 * @module
 */
import { figure, quantile } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { bullmqRedis, bullmqRedisCareful } from "../contenders/bullmq.ts";
import { graphileDefault, graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossNotifiedTuned } from "../contenders/pg_boss.ts";
import { measure, startMeasuring } from "../measure.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import { between, type Times } from "../tasks/latency.ts";
import type { SteadyLoad } from "../tasks/steady.ts";
import { drainFilled } from "./drain_filled.ts";

const contenders = [
  ...[hammerwork, graphileTuned, graphileDefault, pgBossNotifiedTuned],
  ...[bullmqRedis, bullmqRedisCareful],
];
const concurrency = 10;
const sides = ["other process", "same process"] as const;
const parts = [0.5, 0.99] as const;

/** The section. */
export const loadedSection: Section = { name: "loaded", run };

type Loaded = Readonly<Record<typeof sides[number], readonly number[]>>;

async function run(bench: Bench): Promise<SectionReport> {
  const rates = new Map<Contender, number>();
  for (const one of contenders) {
    const jobs = bench.scaled(one === graphileDefault ? 3_000 : 20_000);
    const { jobsPerSecond } = await drainFilled(bench, one, { concurrency, jobs });
    rates.set(one, Math.round(jobsPerSecond / 2));
  }
  const results = await inRounds(
    bench.rounds,
    contenders,
    (one) => measureOne(bench, one, rates.get(one)!),
  );
  return {
    title: "Enqueue to start under load",
    method:
      "Jobs come steadily for 5 s, some a call each 10 ms, half as many as the same contender " +
      "drained in a second before: ms from before the call that enqueues a job to its start. The " +
      "process that enqueues shares the two cores with the worker and the server.",
    contenders,
    tables: [{
      head: [
        "ms",
        "jobs/s offered",
        ...sides.flatMap((side) => parts.map((part) => `${side}, p${100 * part}`)),
      ],
      rows: contenders.map((one) => [
        one.name,
        figure([rates.get(one)!]),
        ...sides.flatMap((side) =>
          parts.map((_, i) => figure(results.get(one)!.map((round) => round[side][i]!)))
        ),
      ]),
    }],
    targets: [],
  };
}

async function measureOne(
  { servers, scaled }: Bench,
  contender: Contender,
  perSecond: number,
): Promise<Loaded> {
  const load: SteadyLoad = { perSecond, jobs: Math.max(200, Math.round(perSecond * scaled(5))) };
  return {
    "other process": await inPlace(async (address) => {
      const open = { address, isTraced: false, concurrency };
      const worker = startMeasuring(contender, open, "takeStarts", load);
      await worker.isReady;
      const calls = await measure(contender, open, "offerSteadily", load);
      return between(calls, await worker.answer);
    }),
    "same process": await inPlace((address) =>
      measure(contender, { address, isTraced: false, concurrency }, "steadyWithin", load)
    ),
  };

  async function inPlace(take: (address: string) => Promise<Times>): Promise<readonly number[]> {
    await using place = await servers.placeFor(contender);
    const times = await take(place.address);
    // What comes while both warm up is another matter.
    const warm = times.slice(Math.round(times.length / 5));
    return parts.map((part) => quantile(warm, part));
  }
}
