/**
 * A drain from a server that is far away.
 *
 * @module
 */
import { openSlowProxy } from "../../../tests/postgres/slow_proxy.ts";
import { figure, ratios } from "../../report/figures.ts";
import { atLeast } from "../../report/target.ts";
import type { Contender } from "../contender.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport } from "../section.ts";

const contenders = [hammerwork, graphileTuned, pgBossTuned];
const roundTrips = [0, 20, 100];
const concurrency = 10;

/** The section. */
export const farSection: Section = { name: "far", run };

interface Way {
  readonly contender: Contender;
  readonly roundTripMs: number;
}

async function run(bench: Bench): Promise<SectionReport> {
  const ways: readonly Way[] = contenders.flatMap((contender) =>
    roundTrips.map((roundTripMs) => ({ contender, roundTripMs }))
  );
  const results = await inRounds(bench.rounds, ways, (way) => drainFrom(bench, way));
  const speeds = (contender: Contender, roundTripMs: number): Rounds<number> =>
    results.get(
      ways.find((way) => way.contender === contender && way.roundTripMs === roundTripMs)!,
    )!;
  const kept = (contender: Contender, ms: number) =>
    ratios(speeds(contender, ms), speeds(contender, 0));
  const of = (target: number, floor: number, ms: number) =>
    atLeast({ target, floor }, `drain, ${ms} ms there and back, to local`, kept(hammerwork, ms));
  return {
    title: "Far servers",
    method: "A drain of 50,000 trivial jobs with 10 at once, on a way to the server of 20 and of " +
      "100 ms there and back, and with nothing between.",
    contenders,
    tables: [{
      head: [
        "jobs/s",
        "local",
        ...roundTrips.slice(1).flatMap((ms) => [`${ms} ms`, "to local", "hammerwork to it"]),
      ],
      rows: contenders.map((contender) => [
        contender.name,
        figure(speeds(contender, 0)),
        ...roundTrips.slice(1).flatMap((ms) => [
          figure(speeds(contender, ms)),
          figure(kept(contender, ms)),
          figure(ratios(speeds(hammerwork, ms), speeds(contender, ms))),
        ]),
      ]),
    }],
    targets: [of(0.7, 0.5, 20), of(0.3, 0.15, 100)],
  };
}

async function drainFrom(
  { servers, scaled }: Bench,
  { contender, roundTripMs }: Way,
): Promise<number> {
  await using place = await servers.placeFor(contender);
  const open = { concurrency, isTraced: false };
  const jobs = scaled(50_000);
  await measure(contender, { ...open, address: place.address }, "fill", { jobs });
  await place.settle();
  const drain = async (address: string) =>
    (await measure(contender, { ...open, address }, "drain", { jobs })).jobsPerSecond;
  if (roundTripMs === 0) return await drain(place.address);
  await using proxy = await openSlowProxy(place.address, roundTripMs);
  return await drain(proxy.url);
}
