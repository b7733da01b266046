/**
 * hammerwork's other stores beside its store on Postgres.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { hammerwork, hammerworkMemory, hammerworkSqlite } from "../contenders/hammerwork.ts";
import { atLeast } from "../../report/target.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import { drainFilled } from "./drain_filled.ts";

const contenders = [hammerwork, hammerworkSqlite, hammerworkMemory];
const concurrency = 10;

/** The section. */
export const storesSection: Section = { name: "stores", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results = await inRounds(
    bench.rounds,
    contenders,
    (contender) => drainFilled(bench, contender, { concurrency, jobs: bench.scaled(50_000) }),
  );
  const speeds = (contender: Contender) =>
    results.get(contender)!.map(({ jobsPerSecond }) => jobsPerSecond);
  const ahead = (contender: Contender) => ratios(speeds(contender), speeds(hammerwork));
  return {
    title: "Stores",
    method: "A drain of 50,000 trivial jobs with 10 at once. The file is written with WAL and " +
      "synchronous FULL; jobs in memory are enqueued by the process that drains them.",
    contenders,
    tables: [{
      head: ["10 at once", "jobs/s", "to Postgres", "worker CPU"],
      rows: contenders.map((contender) => [
        contender.name,
        figure(speeds(contender)),
        figure(ahead(contender)),
        figure(results.get(contender)!.map(({ workerCpuMs }) => workerCpuMs)),
      ]),
    }],
    targets: [
      atLeast(1, "drain, SQLite file to Postgres", ahead(hammerworkSqlite)),
      atLeast(5, "drain, memory to Postgres", ahead(hammerworkMemory)),
    ],
  };
}
