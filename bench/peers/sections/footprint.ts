/**
 * What a job leaves behind in PostgreSQL: bytes of its log, commits, rows, and dead versions of rows.
 *
 * @module
 */
import { figure } from "../../report/figures.ts";
import {
  readServerWork,
  type ServerWork,
  withoutChance,
  workForEach,
} from "../../setting/server_work.ts";
import type { Contender } from "../contender.ts";
import { bullmqPostgres } from "../contenders/bullmq.ts";
import { asItWas } from "../contenders/as_it_was.ts";
import { graphileDefault, graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossOneByOne, pgBossTuned } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";

type Step = "enqueue" | "drain";
type Footprint = Readonly<Record<Step, ServerWork>>;

const contenders = [graphileTuned, graphileDefault, pgBossTuned, pgBossOneByOne, bullmqPostgres];
const steps: readonly Step[] = ["enqueue", "drain"];
const figures: readonly (readonly [string, keyof ServerWork])[] = [
  ["WAL bytes", "walBytes"],
  ["commits", "commits"],
  ["rows", "inserted"],
  ["dead tuples", "dead"],
];
const concurrency = 10;

/** The section. */
export const footprintSection: Section = { name: "footprint", run };

async function run(bench: Bench): Promise<SectionReport> {
  const all = [hammerwork, ...asItWas(hammerwork, bench.before), ...contenders];
  const results = await inRounds(1, all, (one) => measureOne(bench, one));
  return {
    title: "Footprint",
    method: "What the server counts for each of 5,000 trivial jobs, enqueued 1,000 a call, then " +
      "drained with 10 at once: bytes of its log, commits, rows added, and versions of rows that " +
      "changes and deletions leave for vacuum. Without autovacuum and images of whole pages, so " +
      "that it depends on the work alone. Once: it would be the same again.",
    contenders: all,
    tables: steps.map((step) => ({
      head: [`${step}, for a job`, ...figures.map(([title]) => title)],
      rows: all.map((one) => [
        one.name,
        ...figures.map(([_, name]) => figure(results.get(one)!.map((work) => work[step][name]))),
      ]),
    })),
    targets: [],
  };
}

async function measureOne({ servers, scaled }: Bench, contender: Contender): Promise<Footprint> {
  await using place = await servers.placeFor(contender);
  const { address } = place;
  await using _quiet = await withoutChance(address);
  const open = { address, concurrency, isTraced: false };
  const jobs = scaled(5_000);
  // Its tables are made.
  await measure(contender, open, "fill", { jobs: 0 });
  await place.settle();
  const empty = await readServerWork(address);
  await measure(contender, open, "fill", { jobs });
  const full = await readServerWork(address);
  await measure(contender, open, "drain", { jobs });
  const drained = await readServerWork(address);
  return { enqueue: workForEach(empty, full, jobs), drain: workForEach(full, drained, jobs) };
}
