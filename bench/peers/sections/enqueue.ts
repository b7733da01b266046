/**
 * Enqueueing: single jobs by 1, 16 and 128 callers at once, and 1,000 a call.
 *
 * @module
 */
import type { EnqueueRates } from "../../measured/enqueue_rates.ts";
import { figure, ratios } from "../../report/figures.ts";
import type { Contender } from "../contender.ts";
import {
  bullmqPostgres,
  bullmqRedis,
  bullmqRedisCareful,
  bullmqRedisPipelined,
} from "../contenders/bullmq.ts";
import { graphileDefault } from "../contenders/graphile_worker.ts";
import { asItWas } from "../contenders/as_it_was.ts";
import { hammerwork, hammerworkSqlite } from "../contenders/hammerwork.ts";
import { pgBossDefault } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { atLeast, type Limit } from "../../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";

type Results = ReadonlyMap<Contender, Rounds<EnqueueRates>>;
type Read = (rates: EnqueueRates) => number;

const callers = [1, 16, 128];
const postgresPeers = [graphileDefault, pgBossDefault, bullmqPostgres];
const contenders = [
  ...[hammerwork, graphileDefault, pgBossDefault],
  ...[bullmqRedis, bullmqRedisPipelined, bullmqRedisCareful, bullmqPostgres],
];
const by = (count: number): Read => ({ single }) => single[callers.indexOf(count)]!;
const inBulk: Read = ({ bulk }) => bulk;

/** The section. */
export const enqueueSection: Section = { name: "enqueue", run };

async function run(bench: Bench): Promise<SectionReport> {
  const beforeOnFile = asItWas(hammerworkSqlite, bench.before);
  const all = [...contenders, hammerworkSqlite, ...beforeOnFile];
  const results = await inRounds(bench.rounds, all, (one) => measureOne(bench, one));
  const ratesOf = (read: Read, one: Contender) => results.get(one)!.map(read);
  const ahead = (read: Read, peer: Contender) =>
    ratios(ratesOf(read, hammerwork), ratesOf(read, peer));
  const toFastest = (count: number) => {
    const rates = ratesOf(by(count), hammerwork);
    const fastest = rates.map((_, round) =>
      Math.max(...postgresPeers.map((peer) => ratesOf(by(count), peer)[round]!))
    );
    const measure = `enqueue, ${count} at once, to the fastest peer on Postgres`;
    return atLeast(1, measure, ratios(rates, fastest));
  };
  const toDurable = (target: number, count: number) =>
    atLeast(
      { target, floor: 0.8 },
      `enqueue, ${count} at once, to ${bullmqRedisCareful.name}`,
      ahead(by(count), bullmqRedisCareful),
    );
  const bulk = (limit: Limit, peer: Contender) =>
    atLeast(limit, `enqueue, 1,000 a call, to ${peer.name}`, ahead(inBulk, peer));
  const onFile = (count: number, before: Contender) =>
    atLeast(
      { target: 5, floor: 4 },
      `enqueue, SQLite file, ${count} at once, to before`,
      ratios(ratesOf(by(count), hammerworkSqlite), ratesOf(by(count), before)),
    );
  return {
    title: "Enqueue",
    method:
      "Jobs stored in a second by callers that each wait for an answer before the next call, " +
      "and by one caller with 1,000 jobs a call. A peer's settings for work make no difference here.",
    contenders: all,
    tables: [tableOf(results)],
    targets: [
      bulk({ target: 1.05, floor: 0.85 }, graphileDefault),
      bulk({ target: 1.3, floor: 1 }, pgBossDefault),
      ...callers.map(toFastest),
      ...[toDurable(1.6, 16), toDurable(1, 128)],
      ...beforeOnFile.flatMap((before) => [onFile(16, before), onFile(128, before)]),
    ],
  };
}

async function measureOne({ servers, scaled }: Bench, contender: Contender): Promise<EnqueueRates> {
  await using place = await servers.placeFor(contender);
  const open = { address: place.address, isTraced: false, concurrency: undefined };
  const options = { callers, forMs: scaled(1_000), bulk: scaled(50_000) };
  return await measure(contender, open, "enqueue", options);
}

function tableOf(results: Results): Table {
  const columns = [...callers.map(by), inBulk];
  return {
    head: ["jobs/s", ...callers.map((count) => `${count} at once`), "1,000 a call"],
    rows: [...results].map(([contender, rounds]) => [
      contender.name,
      ...columns.map((read) => figure(rounds.map(read))),
    ]),
  };
}
