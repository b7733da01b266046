/**
 * Draining trivial jobs with 10 and with 100 at once.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import {
  bullmqPostgres,
  bullmqPostgresTuned,
  bullmqRedis,
  bullmqRedisTuned,
} from "../contenders/bullmq.ts";
import { asItWas } from "../contenders/as_it_was.ts";
import { graphileDefault, graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork, hammerworkSynchronous } from "../contenders/hammerwork.ts";
import { pgBossDefault, pgBossOneByOne, pgBossTuned } from "../contenders/pg_boss.ts";
import { atLeast, atMost, below, type Limit, type Target } from "../../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";
import type { Drained } from "../tasks/drain.ts";
import { drainFilled } from "./drain_filled.ts";

type Results = ReadonlyMap<Contender, Rounds<Drained>>;

const fast = [
  ...[hammerwork, hammerworkSynchronous, graphileTuned, pgBossTuned],
  ...[bullmqRedis, bullmqRedisTuned],
];
const slow = [graphileDefault, pgBossOneByOne, bullmqPostgres, bullmqPostgresTuned];
const others = [...slow, pgBossDefault];
const costs: readonly (readonly [string, (drained: Drained) => number])[] = [
  ["worker CPU", ({ workerCpuMs }) => workerCpuMs],
  ["server CPU", ({ serverCpuMs }) => serverCpuMs],
  ["memory", ({ memoryMb }) => memoryMb],
];

/** The section. */
export const drainSection: Section = { name: "drain", run };

async function run(bench: Bench): Promise<SectionReport> {
  const before = asItWas(hammerwork, bench.before);
  const contenders = [hammerwork, ...before, ...fast.slice(1), ...others];
  const few = await atOnce(bench, contenders, 10);
  const many = await atOnce(bench, contenders, 100);
  return {
    title: "Drain",
    method: "One worker process and a backlog of trivial jobs: 50,000; 3,000 where a peer makes " +
      "few in a second; 3 for each that runs at once with pg-boss at its defaults, which polls. " +
      "CPU is in ms for 1,000 jobs, memory in MB of the worker afterwards.",
    contenders: [...contenders],
    tables: [tableOf(10, few), tableOf(100, many)],
    targets: [
      ...speedTargets(10, few),
      ...speedTargets(100, many),
      ...defaultTargets(few),
      ...costTargets(10, few),
      ...costTargets(100, many),
      ...before.flatMap((one) => [...savedTargets(10, few, one), ...savedTargets(100, many, one)]),
    ],
  };
}

function atOnce(
  bench: Bench,
  contenders: readonly Contender[],
  concurrency: number,
): Promise<Results> {
  return inRounds(
    bench.rounds,
    contenders,
    (contender) =>
      drainFilled(bench, contender, { concurrency, jobs: jobsFor(bench, contender, concurrency) }),
  );
}

function jobsFor({ scaled }: Bench, contender: Contender, concurrency: number): number {
  if (contender === pgBossDefault) return 3 * concurrency;
  if (contender === pgBossOneByOne) return scaled(10_000);
  return scaled(slow.includes(contender) ? 3_000 : 50_000);
}

function tableOf(concurrency: number, results: Results): Table {
  return {
    head: [
      `${concurrency} at once`,
      ...["jobs/s", "hammerwork to it"],
      ...costs.map(([cost]) => cost),
    ],
    rows: [...results].map(([contender, rounds]) => [
      contender.name,
      figure(speeds(results, contender)),
      figure(ahead(results, contender)),
      ...costs.map(([_, read]) => figure(rounds.map(read))),
    ]),
  };
}

function speedTargets(concurrency: number, results: Results): readonly Target[] {
  const of = (limit: Limit, peer: Contender) =>
    atLeast(limit, `drain, ${concurrency} at once, to ${peer.name}`, ahead(results, peer));
  const ofPostgres = { target: 1.6, floor: 1.35 };
  return [
    of(ofPostgres, graphileTuned),
    of(ofPostgres, pgBossTuned),
    of({ target: 3, floor: 2.7 }, fastest(results, [bullmqRedis, bullmqRedisTuned])),
  ];
}

function defaultTargets(results: Results): readonly Target[] {
  const of = (limit: number, peer: Contender) =>
    atLeast(limit, `drain, defaults but 10 at once, to ${peer.name}`, ahead(results, peer));
  return [of(10, graphileDefault), of(10, pgBossDefault), of(2, bullmqRedis)];
}

/** To the lowest of those that ran as many jobs: fewer leave less behind, and start-up weighs more. */
function costTargets(concurrency: number, results: Results): readonly Target[] {
  const peers = fast.filter((one) => one !== hammerwork && one !== hammerworkSynchronous);
  return costs.map(([cost, read]) => {
    const of = (contender: Contender) => results.get(contender)!.map(read);
    const lowest = of(hammerwork).map((_, round) =>
      Math.min(...peers.map((peer) => of(peer)[round]!))
    );
    const toLowest = (limit: (measure: string, ratios: readonly number[]) => Target) =>
      limit(
        `${cost}, ${concurrency} at once, to the lowest of the peers`,
        ratios(of(hammerwork), lowest),
      );
    if (cost === "memory") {
      return toLowest((...got) => atMost({ target: 1.1, floor: 1.25 }, ...got));
    }
    if (cost === "server CPU") return toLowest((...got) => below(1, ...got));
    const measure = `${cost}, ${concurrency} at once, to ${graphileTuned.name}`;
    return below(1, measure, ratios(of(hammerwork), of(graphileTuned)));
  });
}

/** To what it was. */
function savedTargets(
  concurrency: number,
  results: Results,
  before: Contender,
): readonly Target[] {
  const limits = {
    "worker CPU": { target: 0.7, floor: 0.8 },
    "server CPU": { target: 0.6, floor: 0.7 },
  };
  return costs.flatMap(([cost, read]) => {
    const limit = limits[cost as keyof typeof limits];
    const of = (contender: Contender) => results.get(contender)!.map(read);
    return limit === undefined ? [] : [
      atMost(
        limit,
        `${cost}, ${concurrency} at once, to ${before.name}`,
        ratios(of(hammerwork), of(before)),
      ),
    ];
  });
}

function fastest(results: Results, peers: readonly Contender[]): Contender {
  const rank = (peer: Contender) => ahead(results, peer).reduce((sum, one) => sum + one);
  return peers.reduce((best, peer) => rank(peer) < rank(best) ? peer : best);
}

/** How many times as fast hammerwork was, by round. */
function ahead(results: Results, peer: Contender): readonly number[] {
  return ratios(speeds(results, hammerwork), speeds(results, peer));
}

function speeds(results: Results, contender: Contender): readonly number[] {
  return results.get(contender)!.map(({ jobsPerSecond }) => jobsPerSecond);
}
