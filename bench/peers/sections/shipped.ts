/**
 * Everybody exactly as they ship, how many jobs run at once included.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { bullmqPostgres, bullmqRedis } from "../contenders/bullmq.ts";
import { graphileDefault } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossDefault } from "../contenders/pg_boss.ts";
import { atLeast } from "../../report/target.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import { drainFilled } from "./drain_filled.ts";

/** Each, and how many jobs it has to drain. */
const jobsOf = new Map<Contender, number>([
  [hammerwork, 50_000],
  [graphileDefault, 3_000],
  // One each two seconds.
  [pgBossDefault, 3],
  [bullmqRedis, 10_000],
  [bullmqPostgres, 3_000],
]);

/** The section. */
export const shippedSection: Section = { name: "shipped", run };

async function run(bench: Bench): Promise<SectionReport> {
  const contenders = [...jobsOf.keys()];
  const results = await inRounds(bench.rounds, contenders, async (contender) => {
    const jobs = jobsOf.get(contender)!;
    const settings = { concurrency: undefined, jobs: jobs < 100 ? jobs : bench.scaled(jobs) };
    return (await drainFilled(bench, contender, settings)).jobsPerSecond;
  });
  const ahead = (peer: Contender) => ratios(results.get(hammerwork)!, results.get(peer)!);
  const of = (limit: number, peer: Contender) =>
    atLeast(limit, `drain, as shipped, to ${peer.name}`, ahead(peer));
  return {
    title: "As shipped",
    method: "A drain with no option set at all. Of the peers each runs one job at a time then, " +
      "hammerwork ten.",
    contenders,
    tables: [{
      head: ["as shipped", "jobs/s", "hammerwork to it"],
      rows: contenders.map((one) => [one.name, figure(results.get(one)!), figure(ahead(one))]),
    }],
    targets: [of(10, graphileDefault), of(10, pgBossDefault), of(2, bullmqRedis)],
  };
}
