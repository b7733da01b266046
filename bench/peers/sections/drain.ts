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
import { graphileDefault, graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork, hammerworkSynchronous } from "../contenders/hammerwork.ts";
import { pgBossDefault, pgBossTuned } from "../contenders/pg_boss.ts";
import { atLeast, below, type Target } from "../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";
import type { Drained } from "../tasks/drain.ts";
import { drainFilled } from "./drain_filled.ts";

type Results = ReadonlyMap<Contender, Rounds<Drained>>;

const fast = [
  ...[hammerwork, hammerworkSynchronous, graphileTuned, pgBossTuned],
  ...[bullmqRedis, bullmqRedisTuned],
];
const slow = [graphileDefault, bullmqPostgres, bullmqPostgresTuned];
const contenders = [...fast, ...slow, pgBossDefault];
const costs: readonly (readonly [string, (drained: Drained) => number])[] = [
  ["worker CPU", ({ workerCpuMs }) => workerCpuMs],
  ["server CPU", ({ serverCpuMs }) => serverCpuMs],
  ["memory", ({ memoryMb }) => memoryMb],
];

/** The section. */
export const drainSection: Section = { name: "drain", run };

async function run(bench: Bench): Promise<SectionReport> {
  const few = await atOnce(bench, 10);
  const many = await atOnce(bench, 100);
  return {
    title: "Drain",
    method: "One worker process and a backlog of trivial jobs: 50,000; 3,000 where a peer makes " +
      "few in a second; 3 for each that runs at once with pg-boss at its defaults, which polls. " +
      "CPU is in ms for 1,000 jobs, memory in MB of the worker afterwards.",
    contenders,
    tables: [tableOf(10, few), tableOf(100, many)],
    targets: [
      ...speedTargets(10, few, { graphile: 1.7, pgBoss: 2.2, bullmq: 5 }),
      ...speedTargets(100, many, { graphile: 2, pgBoss: 2.5, bullmq: 5 }),
      ...defaultTargets(few),
      ...costTargets(10, few),
      ...costTargets(100, many),
    ],
  };
}

function atOnce(bench: Bench, concurrency: number): Promise<Results> {
  return inRounds(
    bench.rounds,
    contenders,
    (contender) =>
      drainFilled(bench, contender, { concurrency, jobs: jobsFor(bench, contender, concurrency) }),
  );
}

function jobsFor({ scaled }: Bench, contender: Contender, concurrency: number): number {
  if (contender === pgBossDefault) return 3 * concurrency;
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

function speedTargets(
  concurrency: number,
  results: Results,
  limits: Readonly<Record<"graphile" | "pgBoss" | "bullmq", number>>,
): readonly Target[] {
  const of = (limit: number, peer: Contender) =>
    atLeast(limit, `drain, ${concurrency} at once, to ${peer.name}`, ahead(results, peer));
  return [
    of(limits.graphile, graphileTuned),
    of(limits.pgBoss, pgBossTuned),
    of(limits.bullmq, fastest(results, [bullmqRedis, bullmqRedisTuned])),
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
    const measure = `${cost}, ${concurrency} at once, to the lowest of the peers`;
    return below(1, measure, ratios(of(hammerwork), lowest));
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
