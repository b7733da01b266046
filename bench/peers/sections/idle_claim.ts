/**
 * A claim that finds nothing, in an empty table and beside jobs that wait for their time.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import { bullmqPostgres, bullmqRedis } from "../contenders/bullmq.ts";
import { graphileDefault } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossDefault } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { atMost } from "../../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";

type State = "empty" | "waiting";
type Claims = ReadonlyMap<State, Rounds<number>>;

const contenders = [hammerwork, graphileDefault, pgBossDefault, bullmqRedis, bullmqPostgres];
const SCHEDULED = 100_000;

/** The section. */
export const idleClaimSection: Section = { name: "idle-claim", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results: (readonly [Contender, Claims])[] = [];
  for (const contender of contenders) {
    results.push([contender, await measureOne(bench, contender)]);
  }
  const ours = new Map(results).get(hammerwork)!;
  return {
    title: "Idle claim",
    method: `ms of a claim that finds nothing: with no jobs at all, and with ` +
      `${SCHEDULED.toLocaleString("en")} that are due in an hour. The median of 200 claims.`,
    contenders,
    tables: [tableOf(results)],
    targets: [atMost(1.1, "idle claim, 100,000 scheduled jobs to none", dearer(ours))],
  };
}

/** Both states side by side. */
async function measureOne(
  { servers, rounds, scaled }: Bench,
  contender: Contender,
): Promise<Claims> {
  await using empty = await servers.placeFor(contender);
  await using waiting = await servers.placeFor(contender);
  const places = { empty, waiting };
  const open = (state: State) => ({
    address: places[state].address,
    isTraced: false,
    concurrency: undefined,
  });
  for (const state of ["empty", "waiting"] as const) {
    const jobs = state === "empty" ? 0 : scaled(SCHEDULED);
    await measure(contender, open(state), "fill", { jobs, isScheduled: true });
    await places[state].settle();
  }
  return await inRounds(
    rounds,
    ["empty", "waiting"] as const,
    (state) => measure(contender, open(state), "claimInVain", { times: 200 }),
  );
}

function dearer(claims: Claims): readonly number[] {
  return ratios(claims.get("waiting")!, claims.get("empty")!);
}

function tableOf(results: readonly (readonly [Contender, Claims])[]): Table {
  return {
    head: ["ms", "no jobs", "jobs that wait", "times as long"],
    rows: results.map(([contender, claims]) => [
      contender.name,
      figure(claims.get("empty")!),
      figure(claims.get("waiting")!),
      figure(dearer(claims)),
    ]),
  };
}
