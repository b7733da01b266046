/**
 * A steady load while somebody holds a transaction open, so that nothing dead can be reclaimed.
 *
 * @module
 */
import process from "node:process";
import { setTimeout } from "node:timers/promises";
import { figure, median } from "../../report/figures.ts";
import { atLeast, atMost, type Target } from "../../report/target.ts";
import { hold, type Holder } from "../../setting/held_transactions.ts";
import {
  type StatementWork,
  type TableSizes,
  type Watch,
  watchDatabase,
} from "../../setting/statement_work.ts";
import type { Contender } from "../contender.ts";
import { asItWas } from "../contenders/as_it_was.ts";
import { graphileTuned } from "../contenders/graphile_worker.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { startMeasuring } from "../measure.ts";
import type { Bench, Section, SectionReport } from "../section.ts";
import type { Stretch } from "../tasks/watched_work.ts";

const holders: readonly Holder[] = ["a transaction with an xid", "four repeatable-read readers"];
const parts = ["before it", "its first tenth", "its middle", "its last tenth", "after it"] as const;
const concurrency = 10;

/** By what the server knows a claim. */
const claims = "%skip locked%";
const ourClaims = "%settle_and_claim%";

/** The section. */
export const horizonSection: Section = { name: "horizon", run };

/** A contender under a holder. */
interface Subject {
  readonly contender: Contender;
  readonly holder: Holder;
}

/** What was seen of it. */
interface Seen {
  readonly offered: number;
  readonly ranMeanwhile: number;
  readonly parts: readonly PartSeen[];
  readonly sizes: Readonly<Record<"before" | "atTheEnd" | "after", TableSizes>>;
}

interface PartSeen {
  readonly jobsPerSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Pages of a claim, and its ms in the server. */
  readonly pages: number;
  readonly ms: number;
}

async function run(bench: Bench): Promise<SectionReport> {
  const { seconds, afterSeconds, perSecond, only } = bench.pace;
  const contenders = [
    ...[hammerwork, ...asItWas(hammerwork, bench.before), graphileTuned, pgBossTuned],
  ].filter(({ name }) => name.includes(only));
  const server = await bench.servers.countingPostgres();
  const seen = new Map<Subject, Seen>();
  for (const holder of holders) {
    // Beside each other: none of them needs a core.
    await Promise.all(contenders.map(async (contender) => {
      await using place = await server.freshPlace();
      seen.set({ contender, holder }, await watchOne(bench, place.address, contender, holder));
    }));
  }
  return {
    title: "A transaction held open",
    method:
      `${perSecond.toLocaleString("en")} jobs a second come steadily and are worked off, all ` +
      `contenders beside each other on one server, each in a database of its own. For ${seconds} s ` +
      "somebody holds a transaction open there: one that has an xid; or four readers of an " +
      "isolation level of repeatable read, one after the other for a fifth of that time each. Then " +
      `it goes on for ${afterSeconds} s. ms from before the call that enqueues to the start; pages ` +
      "that the server looks at for each statement that claims, and how long that takes it; the " +
      "size of the tables that do not keep what has ended.",
    contenders,
    tables: [...seen].flatMap(([subject, one]) => tablesOf(subject, one)),
    targets: [...seen].filter(([{ contender }]) => contender === hammerwork)
      .flatMap(([{ holder }, one]) => targetsOf(holder, one)),
  };
}

async function watchOne(
  { pace: { seconds, afterSeconds, perSecond } }: Bench,
  address: string,
  contender: Contender,
  holder: Holder,
): Promise<Seen> {
  const open = { address, concurrency, isTraced: false };
  const everyMs = 1_000 * seconds / 60;
  const worker = startMeasuring(contender, open, "workWatched", { everyMs });
  await worker.isReady;
  const producer = startMeasuring(contender, open, "offerUntilTold", { perSecond });
  await producer.isReady;
  const isOurs = contender.module.endsWith("hammerwork.js");
  await using watch = await watchDatabase(address, isOurs ? ourClaims : claims);
  const samples: Sample[] = [];
  const smallRows = Math.max(100, perSecond * seconds / 20);
  await setTimeout(1_000 * seconds / 10);
  const cut = async () => void samples.push(await sample(watch));
  await cut();
  await setTimeout(1_000 * seconds / 10);
  await cut();
  const before = await watch.sizes(smallRows);
  const heldAt = Date.now();
  let atTheEnd: TableSizes;
  {
    await using _held = await hold(address, holder, { readMs: 1_000 * seconds / 5 });
    for (const tenth of [1, 4.5, 5.5, 9, 10]) {
      await setTimeout(Math.max(0, heldAt + 1_000 * seconds * tenth / 10 - Date.now()));
      await cut();
    }
    atTheEnd = await watch.sizes(smallRows);
  }
  await setTimeout(1_000 * afterSeconds * 0.9);
  await cut();
  await setTimeout(1_000 * afterSeconds * 0.1);
  await cut();
  const after = await watch.sizes(smallRows);
  producer.tell();
  const offered = await producer.answer;
  await setTimeout(2_000);
  worker.tell();
  const { stretches, repeated } = await worker.answer;
  if (repeated > 0) throw new Error(`${contender.name}: no job must run twice: got ${repeated}`);
  const [warm, begin, first, middleFrom, middleTo, lastFrom, end, lateFrom, late] = samples;
  const pairs = [[warm, begin], [begin, first], [middleFrom, middleTo], [lastFrom, end], [
    lateFrom,
    late,
  ]] as const;
  const started = within(stretches, begin!.at, end!.at).reduce(
    (sum, { starts }) => sum + starts,
    0,
  );
  return {
    offered,
    ranMeanwhile: started / ((end!.at - begin!.at) / 1_000) / perSecond,
    parts: pairs.map(([from, to]) => partSeen(stretches, from!, to!)),
    sizes: { before, atTheEnd, after },
  };
}

interface Sample {
  readonly at: number;
  readonly work: StatementWork;
}

async function sample(watch: Watch): Promise<Sample> {
  const work = await watch.statements();
  return { at: Number(process.hrtime.bigint()) / 1e6, work };
}

function within(stretches: readonly Stretch[], from: number, to: number): readonly Stretch[] {
  return stretches.filter(({ at }) => at > from && at <= to);
}

function partSeen(stretches: readonly Stretch[], from: Sample, to: Sample): PartSeen {
  const these = within(stretches, from.at, to.at);
  const seconds = (to.at - from.at) / 1_000;
  const calls = Math.max(1, to.work.calls - from.work.calls);
  // A worker that polls starts nothing for some stretches.
  const of = (read: (one: Stretch) => number | null) =>
    these.map(read).filter((number) => number !== null);
  return {
    jobsPerSecond: these.reduce((sum, { starts }) => sum + starts, 0) / seconds,
    p50: median(of(({ p50 }) => p50)),
    p99: Math.max(...of(({ p99 }) => p99)),
    pages: (to.work.pages - from.work.pages) / calls,
    ms: (to.work.ms - from.work.ms) / calls,
  };
}

function tablesOf({ contender, holder }: Subject, seen: Seen) {
  const { before, atTheEnd, after } = seen.sizes;
  const megabytes = (bytes: number) => figure([bytes / 1_000_000]);
  const sizes = (read: (sizes: TableSizes) => number) => [
    ...[megabytes(read(before)), "", "", megabytes(read(atTheEnd)), megabytes(read(after))],
  ];
  return [{
    head: [`${contender.name}; ${holder}`, ...parts],
    rows: [
      ["jobs/s", ...seen.parts.map(({ jobsPerSecond }) => figure([jobsPerSecond]))],
      ["p50, ms", ...seen.parts.map(({ p50 }) => figure([p50]))],
      ["p99 of the worst stretch, ms", ...seen.parts.map(({ p99 }) => figure([p99]))],
      ["pages of a claim", ...seen.parts.map(({ pages }) => figure([pages]))],
      ["ms of a claim in the server", ...seen.parts.map(({ ms }) => figure([ms]))],
      ["MB of tables that keep little", ...sizes(({ small }) => small)],
      ["MB of all tables", ...sizes(({ all }) => all)],
    ],
  }];
}

function targetsOf(holder: Holder, { ranMeanwhile, parts, sizes }: Seen): readonly Target[] {
  const { before, after } = sizes;
  const [begin, , , end] = parts;
  return [
    atLeast({ target: 0.95, floor: 0.9 }, `${holder}: started to offered`, [ranMeanwhile]),
    atMost(
      { target: 2, floor: 5 },
      `${holder}: pages of a claim, at the end to before`,
      [end!.pages / begin!.pages],
    ),
    atMost(
      { target: 1.2, floor: 1.5 },
      `${holder}: size of the tables that keep little, after to before`,
      [after.small / before.small],
    ),
  ];
}
