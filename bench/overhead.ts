/**
 * What tracing costs: CPU time for each job, where it is enqueued and where it runs. Each variant has
 * a process of its own. They take turns, in another order each round, and each is compared with the
 * build without tracing in the same round, so that the machine's moods cancel out.
 *
 * @module
 */
import type { Task } from "./overhead/subject.ts";
import { startSubject, type Subject } from "./overhead/subjects.ts";
import { baseline, type Measured, type Side, sides, type Variant } from "./overhead/variant.ts";
import { measureYardstick } from "./overhead/yardstick.ts";
import { median } from "./report/figures.ts";
import { startSink } from "./sink.ts";

/** How it is measured. */
export interface OverheadOptions {
  /** What is compared with the build without tracing. */
  readonly variants: readonly Variant[];
  /** What each process does in each round. */
  readonly task: Task;
  /** Rounds that count, and those before them that do not. */
  readonly rounds: number;
  readonly warmUp: number;
  /** CPU time to waste on each span, in microseconds. */
  readonly slower?: number;
}

/** What one variant cost for each job, in microseconds of CPU, round by round. */
export interface Cost {
  readonly side: Side;
  readonly variant: Variant;
  /** All in all. */
  readonly whole: readonly number[];
  /** More than the build without tracing in the same round. */
  readonly extra: readonly number[];
  /** The median of that on a machine that takes one microsecond for the yardstick. */
  readonly normalised: number;
}

type Rounds = ReadonlyMap<Variant, Measured[]>;

/** Measures every variant, the build without tracing first. */
export async function measureOverhead(options: OverheadOptions): Promise<readonly Cost[]> {
  const variants = [baseline, ...options.variants];
  const sink = await startSink();
  const subjects = await Promise.all(
    variants.map((variant) => startSubject(variant, sink.endpoint, options.slower ?? 0)),
  );
  try {
    const rounds = new Map<Variant, Measured[]>(variants.map((variant) => [variant, []]));
    const yardsticks = await measureRounds(subjects, rounds, options);
    const yardstick = median(yardsticks);
    return sides.flatMap((side) =>
      variants.map((variant) => costOf(rounds, side, variant, yardstick))
    );
  } finally {
    await Promise.all(subjects.map((subject) => subject.stop()));
    await sink.stop();
  }
}

/** Returns what the yardstick took in each round. */
async function measureRounds(
  subjects: readonly Subject[],
  measured: Rounds,
  { task, rounds, warmUp }: OverheadOptions,
): Promise<readonly number[]> {
  const yardsticks: number[] = [];
  for (let round = 0; round < warmUp + rounds; round++) {
    const yardstick = await measureYardstick();
    if (round >= warmUp) yardsticks.push(yardstick);
    for (let turn = 0; turn < subjects.length; turn++) {
      const subject = subjects[(turn + round) % subjects.length]!;
      const costs = await subject.measure(round < warmUp ? { ...task, handlerMicros: 0 } : task);
      if (round >= warmUp) measured.get(subject.variant)!.push(costs);
    }
  }
  return yardsticks;
}

function costOf(rounds: Rounds, side: Side, variant: Variant, yardstick: number): Cost {
  const costs = rounds.get(variant)!.map((one) => one[side]);
  const without = rounds.get(baseline)!.map((one) => one[side]);
  const extra = costs.map((cost, round) => cost - without[round]!);
  return { side, variant, whole: costs, extra, normalised: median(extra) / yardstick };
}
