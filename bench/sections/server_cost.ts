/**
 * What Postgres does for a job, and which part of it each index is.
 *
 * @module
 */
import { postgres } from "../../src/store/postgres.ts";
import { figure, median, ratios } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { atMost, targetTable } from "../report/target.ts";
import { drainPlace } from "../setting/drain_place.ts";
import { fill } from "../setting/filled.ts";
import { measure } from "../setting/measure.ts";
import { postgresKind } from "../setting/places.ts";
import { query } from "../setting/server.ts";
import { readServerWork, withoutChance, workForEach } from "../setting/server_work.ts";
import { type Bench, inTurn } from "./section.ts";

/** Measures Postgres; nothing where it is not asked for. */
export async function serverCost(bench: Bench): Promise<readonly Block[]> {
  if (!bench.stores.some(({ name }) => name === "Postgres")) return [];
  return [await footprint(bench), ...await heartbeat(bench), await indexShares(bench)];
}

async function footprint(bench: Bench): Promise<Block> {
  bench.tell("what a job leaves in Postgres");
  const kind = postgresKind(bench.server);
  await using place = await kind.open();
  const { address } = place;
  await (await postgres(address)).close();
  await using _quiet = await withoutChance(address);
  const jobs = 5_000 / bench.shrink;
  const empty = await readServerWork(address);
  await fill(address, jobs);
  const full = await readServerWork(address);
  await drainPlace(bench.node, kind, { address, jobs, concurrency: 10 });
  const drained = await readServerWork(address);
  const steps = [
    ["enqueued", workForEach(empty, full, jobs)],
    ["drained", workForEach(full, drained, jobs)],
  ] as const;
  return {
    name: "footprint",
    about:
      "What the server counts for each trivial job, enqueued 1,000 a call and drained: bytes " +
      "of its log without images of whole pages, commits, rows added, and versions of rows that " +
      "changes and deletions leave. It depends on the work alone.",
    table: table(
      ["a job is", "WAL bytes", "commits", "rows", "dead tuples"],
      steps.map(([step, { walBytes, commits, inserted, dead }]) => [
        step,
        ...[walBytes, commits, inserted, dead].map((number) => figure([number])),
      ]),
    ),
  };
}

const running = 1_000;
const allThere = "– (all are there)";

async function heartbeat(bench: Bench): Promise<readonly Block[]> {
  bench.tell("heartbeats");
  const times = 20;
  await using place = await postgresKind(bench.server).open();
  const { address } = place;
  await using _quiet = await withoutChance(address);
  const rows: number[] = [];
  const ms: number[] = [];
  for (let round = 0; round < bench.rounds; round++) {
    // The same with one heartbeat more and less: what is before it is no part of it.
    const [few, many] = [await written(0), await written(times)];
    rows.push((many - few) / times);
  }
  return [{
    name: "heartbeat",
    about:
      `The leases of ${running.toLocaleString("en")} running jobs of one claim are extended: ` +
      "rows that are written for it, and ms.",
    table: table(["a heartbeat", "rows", "ms"], [["Postgres", figure(rows), figure(ms)]]),
  }, {
    name: "heartbeat-target",
    about: "What was to be reached.",
    table: targetTable([atMost(1, "rows written for a heartbeat of one claim", rows)]),
  }];

  async function written(times: number): Promise<number> {
    await query(address, "drop schema if exists hammerwork cascade");
    await (await postgres(address)).close();
    const before = await readServerWork(address);
    const took = await measure(bench.node, "heartbeats", { address, jobs: running, times });
    if (times > 0) ms.push(median(took));
    const after = await readServerWork(address);
    return after.inserted + after.dead - before.inserted - before.dead;
  }
}

/** Drops one index at a time of the tables that an enqueue writes. */
async function indexShares(bench: Bench): Promise<Block> {
  const jobs = 20_000 / bench.shrink;
  const kind = postgresKind(bench.server);
  const variants = [allThere, ...await droppableIndexes(bench)];
  const samples = new Samples<"cpu" | "speed">();
  const nameOf = (index: string) => index === allThere ? index : `without ${index}`;
  await inTurn(bench, variants, nameOf, async (index) => {
    await using place = await kind.open();
    const { address } = place;
    await fill(address, 1_000);
    if (index !== allThere) await query(address, `drop index ${index}`);
    await query(address, "checkpoint");
    const before = bench.server.cpuMs();
    const speed = await measure(bench.node, "enqueueInBulk", { address, jobs });
    samples.add(index, { cpu: 1_000 * (bench.server.cpuMs() - before) / jobs, speed });
  });
  const whole = samples.of(allThere, "cpu");
  return {
    name: "index-shares",
    about: `${jobs.toLocaleString("en")} trivial jobs enqueued 1,000 a call, with one index less ` +
      "each time: µs of the server's CPU for a job, what is saved of those with all, and jobs a " +
      "second.",
    table: table(
      ["without", "server CPU µs", "share", "jobs/s"],
      variants.map((index) => [
        index,
        figure(samples.of(index, "cpu")),
        index === allThere
          ? ""
          : figure(ratios(whole.map((all, i) => all - samples.of(index, "cpu")[i]!), whole)),
        figure(samples.of(index, "speed")),
      ]),
    ),
  };
}

/** Those that no constraint needs, of tables that have got rows. */
async function droppableIndexes({ server }: Bench): Promise<readonly string[]> {
  await using place = await postgresKind(server).open();
  await fill(place.address, 1_000);
  await query(place.address, "analyze");
  const indexes = await query(
    place.address,
    `select format('%I.%I', n.nspname, c.relname) as name
    from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
      join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'hammerwork' and t.reltuples > 0 and not i.indisunique order by 1`,
  );
  return indexes.map(({ name }) => name!);
}
