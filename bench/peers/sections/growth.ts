/**
 * What a table's past and its surroundings do to a drain.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import { grow } from "../../setting/growing.ts";
import { growingPostgres } from "../../setting/growing_postgres.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { measure } from "../measure.ts";
import { atLeast } from "../../report/target.ts";
import { inRounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import type { Place } from "../servers/place.ts";
import type { Drained } from "../tasks/drain.ts";

type Situation = "fresh" | "grown" | "stale" | "watched";

const JOBS = 50_000;
const concurrency = 10;
const wordsFor: Readonly<Record<Situation, string>> = {
  fresh: "a fresh table",
  grown: "1 million finished and 100,000 scheduled jobs in it",
  stale: "statistics of when it held one job",
  watched: "a snapshot held open elsewhere",
};

/** The section. */
export const growthSection: Section = { name: "growth", run };

async function run(bench: Bench): Promise<SectionReport> {
  const { servers, rounds, scaled } = bench;
  await using grown = await servers.placeFor(hammerwork);
  const past = { completed: scaled(1_000_000), scheduled: scaled(100_000) };
  await grow(growingPostgres, grown.address, past);
  const situations = Object.keys(wordsFor) as Situation[];
  const results = await inRounds(rounds, situations, async (situation) => {
    if (situation === "grown") return await drainIn(bench, grown, situation);
    await using place = await servers.placeFor(hammerwork);
    return await drainIn(bench, place, situation);
  });
  const speeds = (situation: Situation) =>
    results.get(situation)!.map(({ jobsPerSecond }) => jobsPerSecond);
  const kept = (situation: Situation) => ratios(speeds(situation), speeds("fresh"));
  const of = (target: number, floor: number, situation: Situation) =>
    atLeast({ target, floor }, `drain, ${wordsFor[situation]}, to a fresh table`, kept(situation));
  return {
    title: "Growth",
    method: "A drain of 50,000 trivial jobs with 10 at once. Server CPU is in ms for 1,000 jobs.",
    contenders: [hammerwork],
    tables: [{
      head: ["hammerwork", "jobs/s", "to fresh", "server CPU"],
      rows: situations.map((situation) => [
        wordsFor[situation],
        figure(speeds(situation)),
        figure(kept(situation)),
        figure(results.get(situation)!.map(({ serverCpuMs }) => serverCpuMs)),
      ]),
    }],
    targets: [of(0.95, 0.9, "grown"), of(0.9, 0.85, "stale"), of(0.8, 0.75, "watched")],
  };
}

async function drainIn({ scaled }: Bench, place: Place, situation: Situation): Promise<Drained> {
  const { address, serverPid } = place;
  const jobs = scaled(JOBS);
  const open = { address, concurrency, isTraced: false };
  if (situation === "stale") {
    await measure(hammerwork, open, "fill", { jobs: 1 });
    await growingPostgres.analyzeForGood(address);
  }
  await measure(hammerwork, open, "fill", { jobs, first: situation === "stale" ? 1 : 0 });
  await place.settle({ analyzes: situation !== "stale" });
  await using _snapshot = situation === "watched"
    ? await growingPostgres.holdSnapshot(address)
    : undefined;
  return await measure(hammerwork, open, "drain", { jobs, serverPid });
}
