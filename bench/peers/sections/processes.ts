/**
 * A drain by some worker processes at once.
 *
 * @module
 */
import { Runs } from "../../measured/checked.ts";
import { figure, ratios } from "../../report/figures.ts";
import { bullmqRedis } from "../contenders/bullmq.ts";
import type { Contender } from "../contender.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { measure, startMeasuring } from "../measure.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";

const contenders = [hammerwork, graphileTuned, pgBossTuned, bullmqRedis];
const counts = [1, 2, 4];
const concurrency = 10;

/** The section. */
export const processesSection: Section = { name: "processes", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results = new Map<number, ReadonlyMap<Contender, Rounds<number>>>();
  for (const processes of counts) {
    results.set(
      processes,
      await inRounds(bench.rounds, contenders, (one) => drainShared(bench, one, processes)),
    );
  }
  const speeds = (one: Contender, processes: number) => results.get(processes)!.get(one)!;
  return {
    title: "Processes",
    method:
      "A drain of 50,000 trivial jobs by as many processes on the two cores that the server " +
      "is on too, each with 10 at once: jobs/s from the first start of all to the last.",
    contenders,
    tables: [{
      head: [
        "jobs/s",
        ...counts.flatMap((count) => [
          count === 1 ? "1 process" : `${count} processes`,
          "hammerwork to it",
        ]),
      ],
      rows: contenders.map((one) => [
        one.name,
        ...counts.flatMap((count) => [
          figure(speeds(one, count)),
          figure(ratios(speeds(hammerwork, count), speeds(one, count))),
        ]),
      ]),
    }],
    targets: [],
  };
}

/** Every job must have run once in one of them. */
async function drainShared(
  { servers, scaled }: Bench,
  contender: Contender,
  processes: number,
): Promise<number> {
  await using place = await servers.placeFor(contender);
  const open = { address: place.address, concurrency, isTraced: false };
  const jobs = scaled(50_000);
  await measure(contender, open, "fill", { jobs });
  await place.settle();
  const workers = Array.from(
    { length: processes },
    () => startMeasuring(contender, open, "workUntilTold", {}),
  );
  await Promise.all(workers.map(({ isReady }) => isReady));
  await measure(contender, open, "waitForTheEnd", {});
  workers.forEach(({ tell }) => tell());
  const shares = await Promise.all(workers.map(({ answer }) => answer));
  const runs = new Runs(jobs);
  for (const { ran } of shares) ran.forEach((n) => runs.count(n));
  runs.check();
  const atWork = shares.filter(({ ran }) => ran.length > 0);
  const firstAt = Math.min(...atWork.map((share) => share.firstAt));
  const lastAt = Math.max(...atWork.map((share) => share.lastAt));
  return jobs / (lastAt - firstAt) * 1_000;
}
