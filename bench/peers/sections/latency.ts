/**
 * From the call that enqueues a job to its start, on an idle queue.
 *
 * @module
 */
import { figure, quantile, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { bullmqPostgres, bullmqRedis, bullmqRedisCareful } from "../contenders/bullmq.ts";
import { graphileDefault } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossNotified } from "../contenders/pg_boss.ts";
import { measure, startMeasuring } from "../measure.ts";
import { atMost, below } from "../../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";
import { between, type Times } from "../tasks/latency.ts";

type Results = ReadonlyMap<Contender, Rounds<Latency>>;
type Quantiles = Readonly<Record<"p50" | "p90" | "p99", number>>;

/** In ms, with the enqueueing in a process of its own, and in the worker's. */
interface Latency {
  readonly elsewhere: Quantiles;
  readonly within: Quantiles;
}

const postgresPeers = [graphileDefault, pgBossNotified, bullmqPostgres];
const contenders = [
  ...[hammerwork, graphileDefault, pgBossNotified],
  ...[bullmqRedis, bullmqRedisCareful, bullmqPostgres],
];
const sides = ["elsewhere", "within"] as const;
const concurrency = 10;

/** The section. */
export const latencySection: Section = { name: "latency", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results = await inRounds(bench.rounds, contenders, (one) => measureOne(bench, one));
  const targetsOf = (side: keyof Latency, part: keyof Quantiles) => {
    const of = (contender: Contender) => results.get(contender)!.map((one) => one[side][part]);
    const ours = of(hammerwork);
    const quickest = ours.map((_, round) =>
      Math.min(...postgresPeers.map((peer) => of(peer)[round]!))
    );
    const measure = `enqueue to start, ${namesOf[side]}, ${part}`;
    return [
      below(1, `${measure}, to the quickest peer on Postgres`, ratios(ours, quickest)),
      atMost(
        1,
        `${measure}, to ${bullmqRedisCareful.name}`,
        ratios(ours, of(bullmqRedisCareful)),
      ),
    ];
  };
  return {
    title: "Enqueue to start",
    method:
      "An idle worker, and a job each 20 ms from another process, then from its own: ms from " +
      "before the call that enqueues to the start. pg-boss without notifications polls, and would " +
      "take a second.",
    contenders,
    tables: [tableOf(results)],
    targets: sides.flatMap((side) => [...targetsOf(side, "p50"), ...targetsOf(side, "p99")]),
  };
}

const namesOf = { elsewhere: "other process", within: "same process" } as const;

async function measureOne({ servers, scaled }: Bench, contender: Contender): Promise<Latency> {
  const jobs = Math.max(50, scaled(100));
  return {
    elsewhere: await inPlace(async (address) => {
      const open = { address, isTraced: false, concurrency };
      const worker = startMeasuring(contender, open, "takeStarts", { jobs });
      await worker.isReady;
      const calls = await measure(contender, open, "takeCalls", { jobs });
      return between(calls, await worker.answer);
    }),
    within: await inPlace((address) =>
      measure(contender, { address, isTraced: false, concurrency }, "latencyWithin", { jobs })
    ),
  };

  async function inPlace(take: (address: string) => Promise<Times>): Promise<Quantiles> {
    await using place = await servers.placeFor(contender);
    const times = await take(place.address);
    return { p50: quantile(times, 0.5), p90: quantile(times, 0.9), p99: quantile(times, 0.99) };
  }
}

function tableOf(results: Results): Table {
  const columns = sides.flatMap((side) =>
    (["p50", "p90", "p99"] as const).map((part) => ({ side, part }))
  );
  return {
    head: ["ms", ...columns.map(({ side, part }) => `${namesOf[side]}, ${part}`)],
    rows: [...results].map(([contender, rounds]) => [
      contender.name,
      ...columns.map(({ side, part }) => figure(rounds.map((one) => one[side][part]))),
    ]),
  };
}
