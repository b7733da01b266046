/**
 * A drain of jobs that each fail once.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import { bullmqRedis } from "../contenders/bullmq.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import { drainFilled } from "./drain_filled.ts";

const contenders = [hammerwork, graphileTuned, pgBossTuned, bullmqRedis];
const concurrency = 10;

/** The section. */
export const failingSection: Section = { name: "failing", run };

async function run(bench: Bench): Promise<SectionReport> {
  const jobs = bench.scaled(20_000);
  const results = await inRounds(
    bench.rounds,
    contenders,
    (one) => drainFilled(bench, one, { concurrency, jobs, failsOnce: true }),
  );
  const of = (one: typeof hammerwork) => results.get(one)!;
  const speeds = (one: typeof hammerwork) => of(one).map(({ jobsPerSecond }) => jobsPerSecond);
  return {
    title: "Failing jobs",
    method: "A drain of 20,000 jobs with 10 at once, each of which fails when it runs for the " +
      "first time and is tried again at once. graphile-worker waits 2.7 s before it does, which " +
      "no option changes. CPU is in ms for 1,000 jobs.",
    contenders,
    tables: [{
      head: ["each fails once", "jobs/s", "hammerwork to it", "worker CPU", "server CPU"],
      rows: contenders.map((one) => [
        one.name,
        figure(speeds(one)),
        figure(ratios(speeds(hammerwork), speeds(one))),
        figure(of(one).map(({ workerCpuMs }) => workerCpuMs)),
        figure(of(one).map(({ serverCpuMs }) => serverCpuMs)),
      ]),
    }],
    targets: [],
  };
}
