/**
 * Slow jobs shared by two processes: whether one keeps from the other what it cannot start yet.
 *
 * @module
 */
import { setTimeout } from "node:timers/promises";
import { job, JobQueue } from "../../mod.ts";
import { checkDrained, Runs, standingOf } from "../measured/checked.ts";
import { openStore } from "../measured/open_store.ts";
import type { Run, Slow } from "../measured/slow_jobs.ts";
import { figure, quantile } from "../report/figures.ts";
import type { Block } from "../report/results.ts";
import { Samples } from "../report/samples.ts";
import { table } from "../report/table.ts";
import { startMeasuring } from "../setting/measure.ts";
import type { StoreKind } from "../setting/places.ts";
import { type Bench, inTurn } from "./section.ts";

const processes = 2;
const concurrency = 16;
const slots = processes * concurrency;
const slowMs = 200;
const longestMs = 60_000;

type Column = "busy" | "wait50" | "longestWait";

/** Slow jobs in a store, maybe behind quick ones, from which a worker learns to take many. */
interface Mix {
  readonly kind: StoreKind;
  readonly quick: number;
}

/** Measures the stores that processes can share. */
export async function fairness(bench: Bench): Promise<readonly Block[]> {
  const shared = bench.stores.filter(({ name }) => name !== "memory");
  const mixes = shared.flatMap((kind) => [0, 5_000].map((quick) => ({ kind, quick })));
  const slow = 6 * slots;
  const samples = new Samples<Column>();
  await inTurn(bench, mixes, nameOf, async (mix) => {
    const runs = await workOff(bench, mix, slow);
    const waits = runs.map(({ claimedAt, startedAt }) => startedAt - claimedAt);
    samples.add(nameOf(mix), {
      busy: 100 * busyPart(runs),
      wait50: quantile(waits, 0.5),
      longestWait: Math.max(...waits),
    });
  });
  return [{
    name: "fairness",
    about:
      `${slow} jobs of ${slowMs} ms for ${processes} processes of ${concurrency} at once: how ` +
      "busy these are until the last job starts, and how long a job waits from its claim to its start.",
    table: table(
      ["store", "the jobs", "busy %", "wait ms, p50", "wait ms, longest"],
      mixes.map((mix) => [
        mix.kind.name,
        jobsOf(mix),
        ...(["busy", "wait50", "longestWait"] as const).map((column) =>
          figure(samples.of(nameOf(mix), column))
        ),
      ]),
      2,
    ),
  }];
}

/** Gives the runs of the slow ones. */
async function workOff({ node }: Bench, { kind, quick }: Mix, slow: number): Promise<Run[]> {
  await using place = await kind.open();
  const { address } = place;
  const store = await openStore(address);
  await using queue = new JobQueue<{ slow: Slow }>({ store });
  await using first = startMeasuring(node, "workSlowly", { address, concurrency });
  await using second = startMeasuring(node, "workSlowly", { address, concurrency });
  await Promise.all([first.ready(), second.ready()]);
  const jobs = Array.from(
    { length: quick + slow },
    (_, n) => job("slow", { n, ms: n < quick ? 0 : slowMs }),
  );
  await queue.enqueue(jobs);
  await allCompleted(queue, jobs.length);
  first.tell();
  second.tell();
  const runs = (await Promise.all([first.answer(), second.answer()])).flat();
  const counted = new Runs(jobs.length);
  for (const { n } of runs) counted.count(n);
  counted.check();
  checkDrained({ ready: jobs.length }, await standingOf(queue));
  return runs.filter(({ ms }) => ms > 0);
}

async function allCompleted(queue: JobQueue<{ slow: Slow }>, jobs: number): Promise<void> {
  const giveUpAt = performance.now() + longestMs;
  while ((await standingOf(queue)).completed !== jobs && performance.now() < giveUpAt) {
    await setTimeout(100);
  }
}

/** Which part of the slots worked, from 0 to 1, while there were jobs for all of them. */
function busyPart(runs: readonly Run[]): number {
  const starts = runs.map(({ startedAt }) => startedAt);
  const [begin, end] = [Math.min(...starts), Math.max(...starts)];
  const worked = runs.map(({ startedAt, endedAt }) => Math.min(endedAt, end) - startedAt);
  return worked.reduce((sum, ms) => sum + ms, 0) / (slots * (end - begin));
}

function nameOf(mix: Mix): string {
  return `${mix.kind.name}, ${jobsOf(mix)}`;
}

function jobsOf({ quick }: Mix): string {
  return quick === 0 ? "slow ones only" : `behind ${quick.toLocaleString("en")} quick ones`;
}
