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
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossDefault } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { atLeast } from "../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";

type Results = ReadonlyMap<Contender, Rounds<EnqueueRates>>;
type Read = (rates: EnqueueRates) => number;

const callers = [1, 16, 128];
const contenders = [
  ...[hammerwork, graphileDefault, pgBossDefault],
  ...[bullmqRedis, bullmqRedisPipelined, bullmqRedisCareful, bullmqPostgres],
];
const by = (count: number): Read => ({ single }) => single[callers.indexOf(count)]!;
const inBulk: Read = ({ bulk }) => bulk;

/** The section. */
export const enqueueSection: Section = { name: "enqueue", run };

async function run(bench: Bench): Promise<SectionReport> {
  const results = await inRounds(bench.rounds, contenders, (one) => measureOne(bench, one));
  const ahead = (read: Read, peer: Contender) =>
    ratios(results.get(hammerwork)!.map(read), results.get(peer)!.map(read));
  const single = (limit: number, count: number, peer: Contender) =>
    atLeast(limit, `enqueue, ${count} at once, to ${peer.name}`, ahead(by(count), peer));
  const bulk = (limit: number, peer: Contender) =>
    atLeast(limit, `enqueue, 1,000 a call, to ${peer.name}`, ahead(inBulk, peer));
  return {
    title: "Enqueue",
    method:
      "Jobs stored in a second by callers that each wait for an answer before the next call, " +
      "and by one caller with 1,000 jobs a call. A peer's settings for work make no difference here.",
    contenders,
    tables: [tableOf(results)],
    targets: [
      ...[single(1.6, 1, graphileDefault), single(1.6, 1, pgBossDefault)],
      ...[single(0.9, 16, bullmqRedis), single(0.9, 16, bullmqRedisPipelined)],
      ...[single(2, 128, bullmqRedis), single(2, 128, bullmqRedisPipelined)],
      ...[bulk(1.5, graphileDefault), bulk(2, pgBossDefault)],
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
