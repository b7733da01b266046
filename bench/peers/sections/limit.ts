/**
 * How far hammerwork's worker is from what the server can do: its own statements, sent by pgbench.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { hasPgbench, runStatements } from "../limit/pgbench.ts";
import { recordStatements } from "../limit/statements.ts";
import { measure } from "../measure.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import type { Place } from "../servers/place.ts";

/** Jobs a second, by who sends the statements. */
type Speeds = ReadonlyMap<"worker" | "pgbench", Rounds<number>>;

const concurrencies = [10, 100];

/** The section. */
export const limitSection: Section = { name: "limit", run };

async function run(bench: Bench): Promise<SectionReport> {
  const base = { title: "Limit", contenders: [hammerwork], targets: [] };
  if (!hasPgbench()) {
    return { ...base, method: "pgbench is not on PATH, so the limit is not known.", tables: [] };
  }
  const rows: string[][] = [];
  for (const concurrency of concurrencies) {
    const speeds = await measureOne(bench, concurrency);
    const [worker, pgbench] = [speeds.get("worker")!, speeds.get("pgbench")!];
    rows.push([
      `${concurrency} at once`,
      ...[figure(worker), figure(pgbench), figure(ratios(worker, pgbench))],
    ]);
  }
  return {
    ...base,
    method: "A drain of 50,000 trivial jobs in jobs/s, and the same claims and outcomes replayed " +
      "by pgbench, on one connection against a copy of the same database.",
    tables: [{ head: ["hammerwork", "worker", "pgbench", "worker to pgbench"], rows }],
  };
}

async function measureOne(bench: Bench, concurrency: number): Promise<Speeds> {
  const jobs = bench.scaled(50_000);
  const { servers, rounds } = bench;
  const how = { concurrency, isTraced: false };
  await using original = await servers.placeFor(hammerwork);
  await measure(hammerwork, { ...how, address: original.address }, "fill", { jobs });
  await original.settle();
  const inCopy = async <T>(use: (place: Place) => Promise<T>): Promise<T> => {
    await using copy = await original.copy!();
    return await use(copy);
  };
  const statements = await inCopy(({ address }) => recordStatements(address, concurrency, jobs));
  return await inRounds(
    rounds,
    ["worker", "pgbench"] as const,
    (who) =>
      inCopy(async ({ address }) => {
        const opening = { ...how, address };
        if (who === "worker") {
          return (await measure(hammerwork, opening, "drain", { jobs })).jobsPerSecond;
        }
        const seconds = await runStatements(address, statements);
        await measure(hammerwork, opening, "expectNoneLeft", {});
        return jobs / seconds;
      }),
  );
}
