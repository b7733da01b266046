/**
 * Jobs that carry 10 kB.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { bullmqRedis, bullmqRedisCareful } from "../contenders/bullmq.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import { drainFilled, type FilledAndDrained } from "./drain_filled.ts";

const contenders = [hammerwork, graphileTuned, pgBossTuned, bullmqRedis, bullmqRedisCareful];
const concurrency = 10;
const heavy = { bytes: 10_000, perCall: 100 };

/** The section. */
export const payloadSection: Section = { name: "payload", run };

async function run(bench: Bench): Promise<SectionReport> {
  const jobs = bench.scaled(10_000);
  const results = await inRounds(
    bench.rounds,
    contenders,
    (one) => drainFilled(bench, one, { concurrency, jobs, heavy }),
  );
  const of = (one: Contender, read: (all: FilledAndDrained) => number) =>
    results.get(one)!.map(read);
  const enqueued = ({ filled }: FilledAndDrained) => filled!.jobsPerSecond;
  const drained = ({ jobsPerSecond }: FilledAndDrained) => jobsPerSecond;
  return {
    title: "Payloads of 10 kB",
    method:
      "10,000 jobs that carry 10 kB of words each, enqueued 100 a call, then drained with 10 " +
      "at once.",
    contenders,
    tables: [{
      head: ["10 kB", "enqueued/s", "hammerwork to it", "drained/s", "hammerwork to it", "memory"],
      rows: contenders.map((one) => [
        one.name,
        ...[enqueued, drained].flatMap((read) => [
          figure(of(one, read)),
          figure(ratios(of(hammerwork, read), of(one, read))),
        ]),
        figure(of(one, ({ memoryMb }) => memoryMb)),
      ]),
    }],
    targets: [],
  };
}
