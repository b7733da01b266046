/**
 * What tracing costs a worker, and a caller that enqueues.
 *
 * @module
 */
import { figure, ratios } from "../../report/figures.ts";
import { startSink } from "../../sink.ts";
import type { Contender } from "../contender.ts";
import { bullmqRedis } from "../contenders/bullmq.ts";
import { hammerwork } from "../contenders/hammerwork.ts";
import { pgBossTuned } from "../contenders/pg_boss.ts";
import { measure } from "../measure.ts";
import { atMost, type Target } from "../../report/target.ts";
import { inRounds, type Rounds } from "../rounds.ts";
import type { Bench, Section, SectionReport, Table } from "../section.ts";

type Level = "off" | "noSdk" | "sampledOut" | "tenth" | "sampled";
type Side = "work" | "send";

/** Microseconds of CPU for each job. */
type Costs = Readonly<Record<Side, number>>;

interface Variant {
  readonly contender: Contender;
  readonly level: Level;
}

const wordsFor: Readonly<Record<Level, string>> = {
  off: "off",
  noSdk: "no SDK",
  sampledOut: "sampled out",
  tenth: "ratio 0.1",
  sampled: "sampled and exported",
};
const ratioOf: Readonly<Partial<Record<Level, number>>> = { sampledOut: 0, tenth: 0.1, sampled: 1 };
/** What it may cost of what it costs with bullmq-otel. */
const limits: readonly (readonly [Level, number])[] = [
  ...[["sampledOut", 1 / 3], ["tenth", 1 / 3], ["sampled", 0.4]] as const,
];
const levels = Object.keys(wordsFor) as Level[];
const jobsOf = new Map([[hammerwork, 40_000], [bullmqRedis, 20_000], [pgBossTuned, 40_000]]);
const concurrency = 10;

/** The section. */
export const tracingSection: Section = { name: "tracing", run };

async function run(bench: Bench): Promise<SectionReport> {
  const variants = [...jobsOf.keys()].flatMap((contender) =>
    levels.filter((level) => hasLevel(contender, level)).map((level) => ({ contender, level }))
  );
  const sink = await startSink();
  try {
    const results = await inRounds(
      bench.rounds,
      variants,
      (variant) => costsOf(bench, sink.endpoint, variant),
    );
    return reportOf(results);
  } finally {
    await sink.stop();
  }
}

/** hammerwork has no switch: what it costs where nothing is registered is `npm run bench`'s to say. */
function leastOf(contender: Contender): Level {
  return contender === hammerwork ? "noSdk" : "off";
}

function hasLevel(contender: Contender, level: Level): boolean {
  return level !== "off" || leastOf(contender) === "off";
}

async function costsOf(
  { servers, scaled }: Bench,
  endpoint: string,
  { contender, level }: Variant,
): Promise<Costs> {
  await using place = await servers.placeFor(contender);
  const jobs = scaled(jobsOf.get(contender)!);
  const ratio = ratioOf[level];
  const how = {
    address: place.address,
    concurrency,
    isTraced: level !== "off",
    tracing: ratio === undefined ? undefined : { ratio, endpoint },
  };
  // BullMQ makes one trace of a call, so that a tenth of few calls would be left to chance.
  const filling = contender === bullmqRedis ? { jobs, callers: 128 } : { jobs };
  const { cpuMs } = await measure(contender, how, "fill", filling);
  await place.settle();
  const { workerCpuMs } = await measure(contender, how, "drain", { jobs });
  return { work: workerCpuMs, send: cpuMs };
}

function reportOf(results: ReadonlyMap<Variant, Rounds<Costs>>): SectionReport {
  const costs = (contender: Contender, level: Level, side: Side) => {
    const variant = [...results.keys()].find((one) =>
      one.contender === contender && one.level === level
    );
    return results.get(variant!)!.map((one) => one[side]);
  };
  const extra = (contender: Contender, level: Level, side: Side) => {
    const least = costs(contender, leastOf(contender), side);
    return costs(contender, level, side).map((cost, round) => cost - least[round]!);
  };
  const cell = (contender: Contender, level: Level, side: Side) => {
    if (!hasLevel(contender, level)) return "";
    return figure((level === leastOf(contender) ? costs : extra)(contender, level, side));
  };
  const tableOf = (side: Side, title: string): Table => ({
    head: [title, ...levels.map((level) => wordsFor[level])],
    rows: [...jobsOf.keys()].map((contender) => [
      contender.name,
      ...levels.map((level) => cell(contender, level, side)),
    ]),
  });
  const targets: Target[] = limits.map(([level, limit]) =>
    atMost(
      limit,
      `tracing, worker, ${wordsFor[level]}: to BullMQ with bullmq-otel`,
      ratios(extra(hammerwork, level, "work"), extra(bullmqRedis, level, "work")),
    )
  );
  return {
    title: "Tracing",
    method:
      "µs of CPU for each job: the first figure of a row whole, the others as what they add " +
      "to it. hammerwork cannot be switched off, so its row begins without an SDK. Spans are sent to a collector in another process before the clock stops. pg-boss makes one span " +
      "for a batch, with links to 128 of its jobs at most; graphile-worker has no tracing.",
    contenders: [...jobsOf.keys()],
    tables: [tableOf("work", "worker"), tableOf("send", "who enqueues")],
    targets,
  };
}
