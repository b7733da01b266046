/**
 * More jobs than can be run, for long; then a stop amid the backlog; then the backlog alone.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { figure } from "../../report/figures.ts";
import { type StatementWork, watchDatabase } from "../../setting/statement_work.ts";
import type { Contender } from "../contender.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { measure, startMeasuring } from "../measure.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";
import type { PostgresServer } from "../servers/postgres.ts";
import type { Stretch } from "../tasks/watched_work.ts";

const concurrency = 10;
const jobMs = 2;
const overload = 1.5;
const pattern = (contender: Contender) =>
  contender === hammerwork ? "%settle_and_claim%" : "%skip locked%";

/** The section. */
export const overloadSection: Section = { name: "overload", run };

/** What was seen in a tenth of the time. */
interface Tenth {
  readonly jobsPerSecond: number;
  readonly claimsPerSecond: number;
  readonly claimMs: number;
  readonly memoryMb: number;
}

interface Seen {
  readonly drained: number;
  readonly offered: number;
  readonly tenths: readonly Tenth[];
  readonly stopMs: number;
  readonly backlog: number;
  readonly backlogTenths: readonly Tenth[];
}

async function run(bench: Bench): Promise<SectionReport> {
  const { seconds, only } = bench.pace;
  const contenders = [hammerwork, graphileTuned, pgBossTuned].filter(({ name }) =>
    name.includes(only)
  );
  const server = await bench.servers.countingPostgres();
  const seen: (readonly [Contender, Seen])[] = [];
  for (const contender of contenders) {
    seen.push([contender, await overloadOne(bench, server, contender)]);
  }
  return {
    title: "Overload",
    method: `Jobs of ${jobMs} ms, 10 at once. What a contender drains of them in a second was ` +
      `measured first; ${overload} times as many are offered for ${seconds} s. Then its worker is ` +
      "stopped amid the backlog, and another one drains that, of jobs that do nothing. Each job " +
      "ran once. Columns are tenths of the time; a claim is a statement of the server.",
    contenders,
    tables: seen.flatMap(([contender, one]) => tablesOf(contender, one)),
    targets: [],
  };
}

async function overloadOne(
  { pace: { seconds } }: Bench,
  server: PostgresServer,
  contender: Contender,
): Promise<Seen> {
  const drained = await drainRate(server, contender);
  await using place = await server.freshPlace();
  const open = { address: place.address, concurrency, isTraced: false };
  const tenthMs = 1_000 * seconds / 10;
  const worker = startMeasuring(contender, open, "workWatched", { jobMs, everyMs: tenthMs / 10 });
  await worker.isReady;
  const perSecond = Math.round(overload * drained);
  const producer = startMeasuring(contender, open, "offerUntilTold", { perSecond });
  await producer.isReady;
  await using watch = await watchDatabase(place.address, pattern(contender));
  const cuts = [await cut(watch.statements)];
  for (let tenth = 0; tenth < 10; tenth++) {
    await setTimeout(tenthMs);
    cuts.push(await cut(watch.statements));
  }
  producer.tell();
  const offered = await producer.answer;
  worker.tell();
  const first = await worker.answer;
  const backlogCuts = [await cut(watch.statements)];
  const second = startMeasuring(contender, open, "workWatched", { everyMs: 250 });
  await second.isReady;
  const emptied = measure(contender, open, "waitForTheEnd", {
    longestMs: 1_000 * seconds + 60_000,
  });
  let isEmpty = false;
  void emptied.finally(() => isEmpty = true);
  while (!isEmpty) {
    await setTimeout(1_000);
    backlogCuts.push(await cut(watch.statements));
  }
  await emptied;
  second.tell();
  const rest = await second.answer;
  const repeated = first.repeated + rest.repeated;
  if (repeated > 0 || first.ran + rest.ran !== offered) {
    throw new Error(
      `${offered} jobs must run once each: got ${first.ran + rest.ran}, ${repeated} repeated`,
    );
  }
  return {
    drained,
    offered: perSecond,
    tenths: tenthsOf(first.stretches, cuts),
    stopMs: first.stopMs,
    backlog: rest.ran,
    backlogTenths: tenthsOf(rest.stretches, spread(backlogCuts)),
  };
}

async function drainRate(server: PostgresServer, contender: Contender): Promise<number> {
  await using place = await server.freshPlace();
  const open = { address: place.address, concurrency, isTraced: false };
  await measure(contender, open, "fill", { jobs: 20_000 });
  await place.settle();
  return (await measure(contender, open, "drain", { jobs: 20_000, jobMs })).jobsPerSecond;
}

interface Cut {
  readonly at: number;
  readonly work: StatementWork;
}

async function cut(statements: () => Promise<StatementWork>): Promise<Cut> {
  return { work: await statements(), at: Number(process.hrtime.bigint()) / 1e6 };
}

/** Eleven of many, as far apart as can be. */
function spread(cuts: readonly Cut[]): readonly Cut[] {
  const last = cuts.length - 1;
  if (last < 10) return cuts;
  return Array.from({ length: 11 }, (_, i) => cuts[Math.round(i * last / 10)]!);
}

function tenthsOf(stretches: readonly Stretch[], cuts: readonly Cut[]): readonly Tenth[] {
  return cuts.slice(1).map((to, i) => {
    const from = cuts[i]!;
    const these = stretches.filter(({ at }) => at > from.at && at <= to.at);
    const seconds = (to.at - from.at) / 1_000;
    const calls = to.work.calls - from.work.calls;
    return {
      jobsPerSecond: these.reduce((sum, { starts }) => sum + starts, 0) / seconds,
      claimsPerSecond: calls / seconds,
      claimMs: (to.work.ms - from.work.ms) / Math.max(1, calls),
      memoryMb: Math.max(0, ...these.map(({ memoryMb }) => memoryMb)),
    };
  });
}

const rowsOf: readonly (readonly [string, keyof Tenth])[] = [
  ["jobs/s", "jobsPerSecond"],
  ["claims/s", "claimsPerSecond"],
  ["ms of a claim", "claimMs"],
  ["memory, MB", "memoryMb"],
];

function tablesOf(contender: Contender, seen: Seen): readonly Table[] {
  const tableOf = (title: string, tenths: readonly Tenth[]): Table => ({
    head: [title, ...tenths.map((_, i) => String(i + 1))],
    rows: rowsOf.map(([row, name]) => [row, ...tenths.map((tenth) => figure([tenth[name]]))]),
  });
  const { drained, offered, stopMs, backlog } = seen;
  return [
    tableOf(
      `${contender.name}: drains ${figure([drained])}, offered ${figure([offered])} jobs/s`,
      seen.tenths,
    ),
    tableOf(
      `stopped in ${figure([stopMs])} ms; then ${figure([backlog])} jobs of backlog`,
      seen.backlogTenths,
    ),
  ];
}
