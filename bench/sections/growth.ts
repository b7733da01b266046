/**
 * What a store's past and its surroundings do to its speed.
 *
 * @module
 */
import { figure, ratios } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { fill } from "../setting/filled.ts";
import { grow, type Growing } from "../setting/growing.ts";
import { growingPostgres } from "../setting/growing_postgres.ts";
import { growingSqlite } from "../setting/growing_sqlite.ts";
import { measure } from "../setting/measure.ts";
import type { StoreKind } from "../setting/places.ts";
import { type Bench, inTurn } from "./section.ts";

const sizes = { jobs: 50_000, completed: 1_000_000, scheduled: 100_000, claims: 1_000 } as const;

const situations = ["fresh", "grown", "stale", "watched"] as const;
type Situation = typeof situations[number];

const words: Readonly<Record<Situation, (sizes: Sizes) => string>> = {
  fresh: () => "empty before",
  grown: ({ completed, scheduled }) =>
    `${many(completed)} finished and ${many(scheduled)} scheduled jobs in it`,
  stale: () => "statistics of when it held one job",
  watched: () => "a snapshot from before held open",
};

type Sizes = Readonly<Record<keyof typeof sizes, number>>;
type DrainColumn = "jobsPerSecond" | "cpu" | "serverCpu";

/** A store with what grows and disturbs it, and how much of it. */
interface Subject {
  readonly kind: StoreKind;
  readonly growing: Growing;
  readonly sizes: Sizes;
}

/** Measures the stores that keep what they are given. */
export async function growth(bench: Bench): Promise<readonly Block[]> {
  const subjects = bench.stores.flatMap((kind) => subjectsOf(kind, bench.shrink));
  const blocks: Block[] = [];
  for (const subject of subjects) {
    blocks.push(await drains(bench, subject));
    blocks.push(await idleClaims(bench, subject));
  }
  return blocks;
}

function subjectsOf(kind: StoreKind, shrink: number): readonly Subject[] {
  const growing = { Postgres: growingPostgres, SQLite: growingSqlite }[kind.name];
  const shrunk = Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [name, size / shrink]),
  ) as Sizes;
  return growing === undefined ? [] : [{ kind, growing, sizes: shrunk }];
}

async function drains(bench: Bench, subject: Subject): Promise<Block> {
  const { kind, growing, sizes } = subject;
  bench.tell(`growing ${kind.name}`);
  await using grown = await kind.open();
  await grow(growing, grown.address, sizes);
  const samples = new Samples<DrainColumn>();
  await inTurn(
    bench,
    situations,
    (one) => `${kind.name}, ${words[one](sizes)}`,
    async (situation) => {
      if (situation === "grown") {
        await fill(grown.address, sizes.jobs);
        return await drainOnce(bench, subject, situation, grown.address, samples);
      }
      await using place = await kind.open();
      await using _disturbance = await prepare(subject, situation, place.address);
      await drainOnce(bench, subject, situation, place.address, samples);
    },
  );
  return {
    name: `growth-${kind.name.toLowerCase()}`,
    about: `${kind.name}: ${many(sizes.jobs)} jobs that do nothing, drained at ` +
      "concurrency 10: jobs a second, against the empty table in the same round, and CPU for 1,000 jobs.",
    table: table(
      ["the table", "jobs/s", "ratio", "CPU ms", "server CPU ms"],
      situations.map((one) => {
        const speed = samples.of(one, "jobsPerSecond");
        return [
          words[one](sizes),
          figure(speed),
          figure(ratios(speed, samples.of("fresh", "jobsPerSecond"))),
          figure(samples.of(one, "cpu")),
          figure(samples.of(one, "serverCpu")),
        ];
      }),
    ),
  };
}

/** Fills a new place, and brings about what is to be wrong with it. */
async function prepare(
  { growing, sizes }: Subject,
  situation: Situation,
  address: string,
): Promise<AsyncDisposable> {
  await fill(address, 1);
  if (situation === "stale") await growing.analyzeForGood(address);
  const disturbance = situation === "watched" ? await growing.holdSnapshot(address) : nothing;
  await fill(address, sizes.jobs, 1);
  return disturbance;
}

const nothing: AsyncDisposable = { [Symbol.asyncDispose]: () => Promise.resolve() };

async function drainOnce(
  { node }: Bench,
  { kind, sizes: { jobs } }: Subject,
  situation: Situation,
  address: string,
  samples: Samples<DrainColumn>,
): Promise<void> {
  const before = kind.serverCpuMs?.();
  const { jobsPerSecond, cpuMs } = await measure(node, "drain", { address, jobs, concurrency: 10 });
  samples.add(situation, { jobsPerSecond, cpu: cpuMs });
  if (before === undefined) return;
  samples.add(situation, { serverCpu: (kind.serverCpuMs!() - before) / jobs * 1_000 });
}

async function idleClaims(bench: Bench, { kind, growing, sizes }: Subject): Promise<Block> {
  await using empty = await kind.open();
  await using waiting = await kind.open();
  await grow(growing, waiting.address, { completed: 0, scheduled: sizes.scheduled });
  const addresses = [empty.address, waiting.address];
  const samples = new Samples<"empty" | "waiting">();
  await inTurn(bench, [addresses], () => `${kind.name}, idle claims`, async () => {
    const [atEmpty, atWaiting] = await measure(bench.node, "idleClaim", {
      addresses,
      claims: sizes.claims,
    });
    samples.add("ms", { empty: atEmpty!, waiting: atWaiting! });
  });
  const [atEmpty, atWaiting] = [samples.of("ms", "empty"), samples.of("ms", "waiting")];
  return {
    name: `idle-${kind.name.toLowerCase()}`,
    about: `${kind.name}: a claim that finds nothing, in ms.`,
    table: table(["the table", "ms", "ratio"], [
      ["empty", figure(atEmpty), figure(ratios(atEmpty, atEmpty))],
      [
        `${many(sizes.scheduled)} jobs scheduled for later`,
        figure(atWaiting),
        figure(ratios(atWaiting, atEmpty)),
      ],
    ]),
  };
}

function many(number: number): string {
  return number.toLocaleString("en");
}
